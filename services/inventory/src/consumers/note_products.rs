//! Takes over what the catalogue says of products, in whatever order it arrives: older facts never replace newer ones.

use std::collections::BTreeMap;

use contracts::{ProductId, VendorId, catalog::Variant};
use sqlx::PgConnection;

use crate::db::{self, facts::VariantFacts};

/// All facts of a product at one version.
pub(super) struct Product<'a> {
    pub(super) id: ProductId,
    pub(super) version: i64,
    pub(super) vendor_id: VendorId,
    pub(super) name: &'a str,
    pub(super) variants: &'a [Variant],
}

impl Product<'_> {
    fn facts(&self) -> impl Iterator<Item = (VariantFacts, i64)> {
        self.variants.iter().zip(0..).map(|(variant, position)| {
            let facts = VariantFacts {
                product_id: self.id,
                variant_id: variant.variant_id,
                vendor_id: self.vendor_id,
                sku: variant.sku.clone(),
                product_name: self.name.to_owned(),
                position,
                is_archived: false,
            };
            (facts, self.version)
        })
    }
}

/// Stores what is news.
pub(super) async fn note(
    connection: &mut PgConnection,
    products: impl Iterator<Item = Product<'_>>,
) -> sqlx::Result<()> {
    let mut newest: BTreeMap<ProductId, Product<'_>> = BTreeMap::new();
    for product in products {
        let known = newest.get(&product.id);
        if known.is_none_or(|known| known.version < product.version) {
            newest.insert(product.id, product);
        }
    }
    let versions: Vec<(ProductId, i64)> = newest
        .values()
        .map(|product| (product.id, product.version))
        .collect();
    let advanced = db::facts::advance(connection, &versions).await?;
    newest.retain(|product, _| advanced.contains(product));
    let variants: Vec<_> = newest.values().flat_map(Product::facts).collect();
    db::facts::upsert_variants(connection, &variants).await?;
    let products: Vec<ProductId> = newest.into_keys().collect();
    db::facts::archive_missing(connection, &products).await
}
