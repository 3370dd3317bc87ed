//! Takes note of products that are not sold any more.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::{ProductId, catalog::ProductArchived};
use sqlx::{Postgres, Transaction};

use crate::db;

/// Marks them, also those whose other facts have not arrived yet.
pub(crate) struct ArchiveProduct;

impl Consumer for ArchiveProduct {
    type Event = ProductArchived;

    const NAME: &'static str = "inventory_product_archived";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<Self::Event>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let mut products: Vec<ProductId> = deliveries
            .iter()
            .map(|delivery| delivery.event.product_id)
            .collect();
        // One statement may touch a row once.
        products.sort_unstable();
        products.dedup();
        db::facts::archive_products(tx, &products).await?;
        db::facts::archive_variants(tx, &products).await?;
        Ok(vec![Verdict::Done; deliveries.len()])
    }
}
