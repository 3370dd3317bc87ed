//! `GET /internal/availability?variantId=…`: what carts and orders need to know of stock, many variants at a time.

use axum::extract::{RawQuery, State as FromState};
use chassis::{Json, Problem, auth::InternalCaller, query};
use contracts::{ProductId, VariantId};
use serde::Serialize;

use crate::{assembly::State, db};

/// Variants per call.
const MAX_VARIANTS: usize = 200;

/// What can be had of a variant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Supply {
    product_id: ProductId,
    variant_id: VariantId,
    available: i64,
}

#[derive(Serialize)]
pub(crate) struct SupplyList {
    items: Vec<Supply>,
}

/// Variants that are not known are left out.
pub(crate) async fn list_availability(
    FromState(state): FromState<State>,
    _: InternalCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<SupplyList>, Problem> {
    let variants: Vec<VariantId> = query::repeated(query.as_deref(), "variantId", MAX_VARIANTS)?;
    let mut connection = state.database.acquire().await?;
    let supplies = db::supply::supplies(&mut connection, &variants, None).await?;
    let items = supplies.into_iter().map(|supply| Supply {
        product_id: supply.product_id,
        variant_id: supply.variant_id,
        available: supply.available,
    });
    Ok(Json(SupplyList {
        items: items.collect(),
    }))
}
