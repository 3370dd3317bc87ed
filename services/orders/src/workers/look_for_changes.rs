//! Looks whether orders that somebody waits for have changed: another replica may have changed them.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::{changes::Changes, db};

/// The job.
pub(crate) struct LookForChanges {
    pub(crate) database: Database,
    pub(crate) changes: Changes,
}

impl Worker for LookForChanges {
    const NAME: &'static str = "look_for_changes";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let orders = self.changes.orders();
        if orders.is_empty() {
            return Ok(Step::Idle);
        }
        let mut connection = self.database.acquire().await?;
        for (order, version) in db::views::versions(&mut connection, &orders).await? {
            self.changes.note(order, version);
        }
        Ok(Step::Idle)
    }
}
