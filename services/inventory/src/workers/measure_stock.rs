//! Adds up what there is, for the metrics.

use chassis::{
    Database,
    worker::{Step, Worker},
};

use crate::{db, metrics::InventoryMetrics};

/// The job.
pub(crate) struct MeasureStock {
    pub(crate) database: Database,
    pub(crate) metrics: InventoryMetrics,
}

impl Worker for MeasureStock {
    const NAME: &'static str = "measure_stock";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.database.acquire().await?;
        let totals = db::supply::totals(&mut connection).await?;
        drop(connection);
        let units = |state, number| self.metrics.units.with_label_values(&[state]).set(number);
        units("available", totals.available);
        units("reserved", totals.reserved);
        let shelves = |level, number| self.metrics.shelves.with_label_values(&[level]).set(number);
        shelves("ok", totals.enough);
        shelves("low", totals.low);
        shelves("out", totals.out);
        // Looked at again when its time has come, and not at once.
        Ok(Step::Idle)
    }
}
