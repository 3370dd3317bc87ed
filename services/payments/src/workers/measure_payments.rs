//! Counts what waits for the provider or for a person.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::{db, metrics::PaymentMetrics};

/// The worker that counts.
pub(crate) struct MeasurePayments {
    pub(crate) database: Database,
    pub(crate) metrics: PaymentMetrics,
}

impl Worker for MeasurePayments {
    const NAME: &'static str = "measure_payments";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.database.acquire().await?;
        let (in_doubt, manual) = db::payments::count_open(&mut connection).await?;
        self.metrics.in_doubt.set(in_doubt);
        self.metrics.manual.set(manual);
        Ok(Step::Idle)
    }
}
