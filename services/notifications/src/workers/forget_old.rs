//! Forgets what nobody needs any more: live updates after a week, mails, orders and messages after a quarter. They are personal data.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::db;

/// Rows of a kind in one step.
const LIMIT: i64 = 1_000;

/// The job.
pub(crate) struct ForgetOld {
    pub(crate) database: Database,
    pub(crate) live_days: i32,
    pub(crate) mail_days: i32,
}

impl Worker for ForgetOld {
    const NAME: &'static str = "forget_old";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.database.acquire().await?;
        let updates = db::live_updates::forget(&mut connection, self.live_days, LIMIT).await?;
        let mails = db::mails::forget(&mut connection, self.mail_days, LIMIT).await?;
        let orders = db::orders::forget(&mut connection, self.mail_days, LIMIT).await?;
        let messages = db::messages::forget(&mut connection, self.mail_days, LIMIT).await?;
        match usize::try_from(updates + mails + orders + messages)? {
            0 => Ok(Step::Idle),
            forgotten => Ok(Step::Worked(forgotten)),
        }
    }
}
