//! What the audit trail keeps of a product.

use std::collections::BTreeMap;

use chassis::{
    audit::{self, Change},
    auth::Principal,
};
use contracts::Money;
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};

use crate::domain::product::Product;

/// Notes that `by` made `after` of `before`; None for what was not there.
pub(super) async fn record(
    tx: &mut Transaction<'_, Postgres>,
    by: Principal,
    action: &'static str,
    before: Option<&Product>,
    after: &Product,
) -> sqlx::Result<()> {
    let change = Change {
        by,
        action,
        subject_kind: "product",
        subject_id: after.id.to_string(),
        before: before.map_or(Value::Null, facts),
        after: facts(after),
    };
    audit::record(tx, &change).await
}

/// All that people can change of it.
fn facts(product: &Product) -> Value {
    let variants: BTreeMap<&str, Value> = product
        .variants
        .iter()
        .map(|variant| {
            let price = variant
                .price_minor
                .map(|minor| Money::from_minor(minor, product.price.currency));
            let facts = json!({ "name": variant.name, "price": price, "options": variant.options });
            (variant.sku.as_str(), facts)
        })
        .collect();
    let pictures: Vec<&str> = product
        .pictures
        .iter()
        .map(|picture| picture.large.as_str())
        .collect();
    json!({
        "name": product.name,
        "summary": product.summary,
        "description": product.description,
        "price": product.price,
        "category": product.category.slug,
        "attributes": product.attributes,
        "status": product.status.name(),
        "variants": variants,
        "pictures": pictures,
    })
}
