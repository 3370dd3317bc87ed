//! Forgets carts that nobody has used for long. They say what somebody meant to buy, which is personal data.

use chassis::{
    Database, failpoint,
    worker::{Step, Worker},
};

use crate::{
    db,
    metrics::{CartEvent, CartMetrics},
};

/// Carts in one step; each may have a hundred lines.
const LIMIT: i64 = 200;

/// The job.
pub(crate) struct ForgetExpired {
    pub(crate) database: Database,
    pub(crate) metrics: CartMetrics,
}

impl Worker for ForgetExpired {
    const NAME: &'static str = "forget_expired";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.database.acquire().await?;
        let carts = db::carts::forget_expired(&mut connection, LIMIT).await?;
        failpoint::hit("cart.after_forget");
        self.metrics.count_many(CartEvent::Forgotten, carts);
        match usize::try_from(carts)? {
            0 => Ok(Step::Idle),
            forgotten => Ok(Step::Worked(forgotten)),
        }
    }
}
