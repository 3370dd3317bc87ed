//! `GET /internal/variants?productId=…`: what carts, orders and stock need to know of products, many at a time.

use axum::extract::{RawQuery, State as FromState};
use chassis::{Json, Problem, auth::InternalCaller, query};
use contracts::{Money, ProductId, VariantId, VendorId};
use serde::Serialize;

use crate::{assembly::State, db};

/// Products per call.
const MAX_PRODUCTS: usize = 200;

/// A buyable form of a product.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VariantFacts {
    product_id: ProductId,
    variant_id: VariantId,
    vendor_id: VendorId,
    sku: String,
    slug: String,
    product_name: String,
    variant_name: String,
    /// Order on the page; the lowest is what "the product" means where nobody names a variant.
    position: i32,
    price: Money,
    /// Address of a small picture.
    picture: Option<String>,
    is_archived: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct VariantList {
    items: Vec<VariantFacts>,
}

/// Variants of each product in page order; products that do not exist are left out, archived ones are marked.
pub(crate) async fn list_variants(
    FromState(state): FromState<State>,
    _: InternalCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<VariantList>, Problem> {
    let products: Vec<ProductId> = query::repeated(query.as_deref(), "productId", MAX_PRODUCTS)?;
    let products: Vec<_> = products.into_iter().map(|product| product.0).collect();
    let mut connection = state.database.acquire().await?;
    let rows = db::variants::facts(&mut connection, &products).await?;
    let items = rows.into_iter().map(|row| VariantFacts {
        product_id: row.product_id,
        variant_id: row.variant_id,
        vendor_id: row.vendor_id,
        sku: row.sku,
        slug: row.slug,
        product_name: row.product_name,
        variant_name: row.variant_name,
        position: row.position,
        price: Money::from_minor(
            row.price_minor,
            row.currency
                .parse()
                .expect("BUG: only known currencies are stored"),
        ),
        picture: row.picture.map(|key| state.pictures.address(&key)),
        is_archived: row.is_archived,
    });
    Ok(Json(VariantList {
        items: items.collect(),
    }))
}
