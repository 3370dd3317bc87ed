//! What the inventory publishes, and where: the stream, and the events made from shelves and answers.

use std::collections::HashMap;

use chassis::{
    Correlation,
    broker::Stream,
    outbox::{self, Correlated},
};
use contracts::{
    OrderId,
    inventory::{LowStock, OutOfStock, StockCommitFailed, StockCommitted, StockReleased},
};
use sqlx::{Postgres, Transaction};

use crate::domain::{
    hold::Answer,
    shelf::{Level, Shelf},
};

/// Every event of the inventory.
pub(crate) const STREAM: Stream = Stream {
    name: "INVENTORY",
    subjects: "shop.inventory.>",
    description: "What became of the goods of orders, and what runs short",
};

/// What one order is told, under the version that its hold has with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) order_id: OrderId,
    pub(crate) version: i64,
    pub(crate) answer: Answer,
}

/// Which command each order's answer comes of; none for an order whose hold ended by itself.
pub(crate) type Causes = HashMap<OrderId, Correlation>;

/// Tells orders what became of their goods.
pub(crate) async fn publish_answers(
    tx: &mut Transaction<'_, Postgres>,
    told: &[Told],
    causes: &Causes,
) -> sqlx::Result<()> {
    let (mut committed, mut failed, mut released) = (Vec::new(), Vec::new(), Vec::new());
    for &Told {
        order_id,
        version,
        answer,
    } in told
    {
        let correlation = causes.get(&order_id).cloned();
        match answer {
            Answer::Committed => committed.push(Correlated {
                event: StockCommitted { order_id, version },
                correlation,
            }),
            Answer::CommitFailed(failure) => failed.push(Correlated {
                event: StockCommitFailed {
                    order_id,
                    version,
                    reason: failure.text().to_owned(),
                },
                correlation,
            }),
            Answer::Released(reason) => released.push(Correlated {
                event: StockReleased {
                    order_id,
                    version,
                    reason,
                },
                correlation,
            }),
        }
    }
    outbox::publish_all(tx, &committed).await?;
    outbox::publish_all(tx, &failed).await?;
    outbox::publish_all(tx, &released).await
}

/// Tells vendors what runs short: each of these shelves has come to a graver state. Of many requests that are decided together
/// none is the reason, and the news belongs to no trace.
pub(crate) async fn publish_alerts(
    tx: &mut Transaction<'_, Postgres>,
    shelves: &[Shelf],
) -> sqlx::Result<()> {
    let low: Vec<Correlated<LowStock>> = shelves
        .iter()
        .filter(|shelf| shelf.level == Level::Low)
        .map(|shelf| LowStock {
            stock_id: shelf.id,
            version: shelf.version,
            product_id: shelf.facts.product_id,
            variant_id: shelf.variant_id,
            sku: shelf.facts.sku.clone(),
            product_name: shelf.facts.product_name.clone(),
            warehouse_location: shelf.warehouse.clone(),
            available: shelf.available(),
            vendor_id: shelf.facts.vendor_id,
        })
        .map(Correlated::now)
        .collect();
    let out: Vec<Correlated<OutOfStock>> = shelves
        .iter()
        .filter(|shelf| shelf.level == Level::Out)
        .map(|shelf| OutOfStock {
            stock_id: shelf.id,
            version: shelf.version,
            product_id: shelf.facts.product_id,
            variant_id: shelf.variant_id,
            sku: shelf.facts.sku.clone(),
            product_name: shelf.facts.product_name.clone(),
            warehouse_location: shelf.warehouse.clone(),
            vendor_id: shelf.facts.vendor_id,
        })
        .map(Correlated::now)
        .collect();
    outbox::publish_all(tx, &low).await?;
    outbox::publish_all(tx, &out).await
}
