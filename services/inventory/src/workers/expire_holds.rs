//! Sets goods free that were held for an order which never came, or never paid.

use chassis::{
    Database,
    worker::{Step, Wake, Worker},
};

use crate::{metrics::InventoryMetrics, settling};

/// Holds in one step.
const LIMIT: i64 = 500;

/// The job. Several replicas may do it at once: none takes a hold that another is working on.
pub(crate) struct ExpireHolds {
    pub(crate) database: Database,
    pub(crate) outbox: Wake,
    pub(crate) metrics: InventoryMetrics,
}

impl Worker for ExpireHolds {
    const NAME: &'static str = "expire_holds";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let settled = settling::expire(&self.database, LIMIT).await?;
        settled.count(&self.metrics);
        match settled.told.len() {
            0 => Ok(Step::Idle),
            expired => {
                self.outbox.wake();
                tracing::info!(expired, "holds expired");
                Ok(Step::Worked(expired))
            }
        }
    }
}
