//! Gives goods to orders that have been paid.

use chassis::{
    Correlation,
    consumer::{Consumer, Delivery, Verdict},
    worker::Wake,
};
use contracts::{OrderId, orders::StockCommitRequested};
use sqlx::{Postgres, Transaction};

use crate::{
    metrics::InventoryMetrics,
    settling::{Command, settle},
};

/// Answers each command exactly once, whatever state its hold is in.
pub(crate) struct CommitStock {
    pub(crate) outbox: Wake,
    pub(crate) metrics: InventoryMetrics,
}

impl Consumer for CommitStock {
    type Event = StockCommitRequested;

    const NAME: &'static str = "inventory_stock_commit_requested";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<Self::Event>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let orders: Vec<(OrderId, Correlation)> = deliveries
            .iter()
            .map(|delivery| (delivery.event.order_id, delivery.correlation.clone()))
            .collect();
        settle(tx, Command::Commit, &orders)
            .await?
            .count(&self.metrics);
        Ok(vec![Verdict::Done; deliveries.len()])
    }

    fn committed(&self) {
        self.outbox.wake();
    }
}
