//! Idempotency keys are forgotten when they are old enough. A request looks at its own key's age itself; this makes room.

use chassis::worker::{Step, Worker};
use chrono::TimeDelta;

use crate::{assembly::State, db, execution};

const BATCH: i64 = 500;

pub(crate) struct ForgetKeys(pub(crate) State);

impl Worker for ForgetKeys {
    const NAME: &'static str = "forget_keys";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let knobs = self.0.faults.knobs().await?;
        let remembered = i64::try_from(knobs.idempotency_key_seconds)?;
        let limit = execution::now() - TimeDelta::seconds(remembered);
        let mut connection = self.0.database.acquire().await?;
        let forgotten = db::idempotency_keys::forget_older(&mut connection, limit, BATCH).await?;
        Ok(match usize::try_from(forgotten)? {
            0 => Step::Idle,
            number => Step::Worked(number),
        })
    }
}
