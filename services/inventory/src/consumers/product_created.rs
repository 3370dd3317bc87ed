//! Takes note of products that came into the catalogue.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::catalog::ProductCreated;
use sqlx::{Postgres, Transaction};

use super::note_products::{Product, note};

/// Stores what is news.
pub(crate) struct NoteCreatedProduct;

impl Consumer for NoteCreatedProduct {
    type Event = ProductCreated;

    const NAME: &'static str = "inventory_product_created";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<Self::Event>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let products = deliveries.iter().map(|delivery| Product {
            id: delivery.event.product_id,
            version: delivery.event.version,
            vendor_id: delivery.event.vendor_id,
            name: &delivery.event.name,
            variants: &delivery.event.variants,
        });
        note(tx, products).await?;
        Ok(vec![Verdict::Done; deliveries.len()])
    }
}
