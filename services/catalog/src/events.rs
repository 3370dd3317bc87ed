//! What the catalogue publishes, and where: the stream, and the events made from a product.

use chassis::{broker::Stream, outbox};
use contracts::catalog::{ProductArchived, ProductCreated, ProductUpdated, Variant};
use contracts::{Money, ProductId};
use sqlx::{Postgres, Transaction};

use crate::domain::product::Product;

/// Every event of the catalogue.
pub(crate) const STREAM: Stream = Stream {
    name: "CATALOG",
    subjects: "shop.catalog.>",
    description: "Products that came, changed or went",
};

/// A product came into the catalogue.
pub(crate) async fn publish_created(
    tx: &mut Transaction<'_, Postgres>,
    product: &Product,
) -> sqlx::Result<()> {
    outbox::publish(tx, &created(product)).await.map(drop)
}

/// A product changed.
pub(crate) async fn publish_updated(
    tx: &mut Transaction<'_, Postgres>,
    product: &Product,
) -> sqlx::Result<()> {
    let ProductCreated {
        product_id,
        version,
        vendor_id,
        slug,
        name,
        category,
        price,
        variants,
    } = created(product);
    let event = ProductUpdated {
        product_id,
        version,
        vendor_id,
        slug,
        name,
        category,
        price,
        variants,
    };
    outbox::publish(tx, &event).await.map(drop)
}

/// A product went.
pub(crate) async fn publish_archived(
    tx: &mut Transaction<'_, Postgres>,
    id: ProductId,
    version: i64,
) -> sqlx::Result<()> {
    outbox::publish(
        tx,
        &ProductArchived {
            product_id: id,
            version,
        },
    )
    .await
    .map(drop)
}

/// The facts of a product that other services need.
pub(crate) fn created(product: &Product) -> ProductCreated {
    let variants = product.variants.iter().map(|variant| Variant {
        variant_id: variant.id,
        sku: variant.sku.clone(),
        name: variant.name.clone(),
        price: Money::from_minor(
            variant.price_minor.unwrap_or(product.price.minor),
            product.price.currency,
        ),
    });
    ProductCreated {
        product_id: product.id,
        version: product.version,
        vendor_id: product.vendor_id,
        slug: product.slug.clone(),
        name: product.name.clone(),
        category: product.category.slug.clone(),
        price: product.price,
        variants: variants.collect(),
    }
}
