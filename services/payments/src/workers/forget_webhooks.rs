//! Forgets webhooks that the provider will not repeat any more.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::db;

const BATCH: i64 = 1_000;

/// The worker that forgets them.
pub(crate) struct ForgetWebhooks(pub(crate) Database);

impl Worker for ForgetWebhooks {
    const NAME: &'static str = "forget_webhooks";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.0.acquire().await?;
        let forgotten = db::webhooks::forget_old(&mut connection, BATCH).await?;
        Ok(match usize::try_from(forgotten).unwrap_or(usize::MAX) {
            0 => Step::Idle,
            number => Step::Worked(number),
        })
    }
}
