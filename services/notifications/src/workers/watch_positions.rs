//! Looks at the table itself for news of everybody who has a page open: for hints that were lost.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::{db, live::Hub};

/// The job.
pub(crate) struct WatchPositions {
    pub(crate) hub: Hub,
    pub(crate) database: Database,
}

impl Worker for WatchPositions {
    const NAME: &'static str = "watch_positions";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let users = self.hub.users();
        if users.is_empty() {
            return Ok(Step::Idle);
        }
        let mut connection = self.database.acquire().await?;
        for position in db::live_updates::positions(&mut connection, &users).await? {
            self.hub.announce(position);
        }
        Ok(Step::Idle)
    }
}
