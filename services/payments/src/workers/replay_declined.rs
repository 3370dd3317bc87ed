//! Looks at declined payments again when an operator replays their dead letters. Nothing is charged (see `reopening.rs`).

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::{
    db, reopening,
    turns::{Error, Turns},
};

const BATCH: i64 = 100;

/// The worker that replays them.
pub(crate) struct ReplayDeclined {
    pub(crate) database: Database,
    pub(crate) turns: Turns,
}

impl Worker for ReplayDeclined {
    const NAME: &'static str = "replay_declined";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.database.acquire().await?;
        let requested = db::dead_letters::requested(&mut connection, BATCH).await?;
        drop(connection);
        for payment in &requested {
            let mut tx = self.database.begin().await?;
            match reopening::reopen(&mut tx, &self.turns, *payment).await {
                Ok(()) => {}
                Err(error @ (Error::Unknown | Error::Refused(_))) => {
                    tracing::warn!(%payment, %error, "a dead letter has nothing to replay");
                    db::dead_letters::close(&mut tx, *payment).await?;
                }
                Err(error) => return Err(error.into()),
            }
            tx.commit().await?;
            self.turns.committed();
        }
        Ok(match requested.len() {
            0 => Step::Idle,
            number => Step::Worked(number),
        })
    }
}
