//! Sets goods free of orders that do not want them any more.

use chassis::{
    Correlation,
    consumer::{Consumer, Delivery, Verdict},
    worker::Wake,
};
use contracts::{OrderId, orders::StockReleaseRequested};
use sqlx::{Postgres, Transaction};

use crate::{
    metrics::InventoryMetrics,
    settling::{Command, settle},
};

/// Answers each command exactly once, whatever state its hold is in.
pub(crate) struct ReleaseStock {
    pub(crate) outbox: Wake,
    pub(crate) metrics: InventoryMetrics,
}

impl Consumer for ReleaseStock {
    type Event = StockReleaseRequested;

    const NAME: &'static str = "inventory_stock_release_requested";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<Self::Event>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let orders: Vec<(OrderId, Correlation)> = deliveries
            .iter()
            .map(|delivery| (delivery.event.order_id, delivery.correlation.clone()))
            .collect();
        settle(tx, Command::Release, &orders)
            .await?
            .count(&self.metrics);
        Ok(vec![Verdict::Done; deliveries.len()])
    }

    fn committed(&self) {
        self.outbox.wake();
    }
}
