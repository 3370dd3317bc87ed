//! What the inventory publishes, and where: the stream, and the events made from shelves and answers.

use chassis::{broker::Stream, outbox};
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

/// Tells orders what became of their goods.
pub(crate) async fn publish_answers(
    tx: &mut Transaction<'_, Postgres>,
    told: &[Told],
) -> sqlx::Result<()> {
    let (mut committed, mut failed, mut released) = (Vec::new(), Vec::new(), Vec::new());
    for &Told {
        order_id,
        version,
        answer,
    } in told
    {
        match answer {
            Answer::Committed => committed.push(StockCommitted { order_id, version }),
            Answer::CommitFailed(failure) => failed.push(StockCommitFailed {
                order_id,
                version,
                reason: failure.text().to_owned(),
            }),
            Answer::Released(reason) => released.push(StockReleased {
                order_id,
                version,
                reason,
            }),
        }
    }
    outbox::publish_all(tx, &committed).await?;
    outbox::publish_all(tx, &failed).await?;
    outbox::publish_all(tx, &released).await
}

/// Tells vendors what runs short: each of these shelves has come to a graver state.
pub(crate) async fn publish_alerts(
    tx: &mut Transaction<'_, Postgres>,
    shelves: &[Shelf],
) -> sqlx::Result<()> {
    let low: Vec<LowStock> = shelves
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
        .collect();
    let out: Vec<OutOfStock> = shelves
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
        .collect();
    outbox::publish_all(tx, &low).await?;
    outbox::publish_all(tx, &out).await
}
