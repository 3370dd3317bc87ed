//! Forgets what is over: sessions and links for forgotten passwords a day after their end, failed tries after a day of quiet.
//! They are personal data.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::db;

/// Rows of a kind in one step.
const LIMIT: i64 = 500;

/// The job.
pub(crate) struct ForgetExpired(pub(crate) Database);

impl Worker for ForgetExpired {
    const NAME: &'static str = "forget_expired";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.0.acquire().await?;
        let sessions = db::sessions::forget(&mut connection, LIMIT).await?;
        let attempts = db::attempts::forget(&mut connection, LIMIT).await?;
        let resets = db::resets::forget(&mut connection, LIMIT).await?;
        match usize::try_from(sessions + attempts + resets)? {
            0 => Ok(Step::Idle),
            forgotten => Ok(Step::Worked(forgotten)),
        }
    }
}
