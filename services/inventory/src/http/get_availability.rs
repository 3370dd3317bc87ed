//! `GET /api/inventory/{product}`: whether a product can be had, for everybody. Exact numbers are the vendor's own affair.

use axum::extract::{Path, State as FromState};
use chassis::{Json, Problem, problem::NOT_FOUND};
use contracts::{ProductId, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::ProblemBody;
use crate::{
    assembly::State,
    db::{self, supply::Supply},
    domain::shelf::Level,
};

/// The largest number that is told.
const MOST_TOLD: i64 = 10;

/// Whether a variant can be had.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VariantAvailability {
    variant_id: VariantId,
    /// `inStock`, `low` or `out`.
    state: &'static str,
    /// Units, 10 at most.
    available: i64,
    /// Whether there are more than that.
    has_more: bool,
}

impl From<Supply> for VariantAvailability {
    fn from(supply: Supply) -> Self {
        Self {
            variant_id: supply.variant_id,
            state: match supply.level {
                Level::Enough => "inStock",
                Level::Low => "low",
                Level::Out => "out",
            },
            available: supply.available.min(MOST_TOLD),
            has_more: supply.available > MOST_TOLD,
        }
    }
}

/// Whether a product can be had.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    product_id: ProductId,
    /// In the order of the product's page.
    variants: Vec<VariantAvailability>,
}

/// Say whether a product is in stock.
#[utoipa::path(
    get,
    path = "/api/inventory/{product}",
    tag = "availability",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    params(("product" = String, Path, description = "The product's id.")),
    responses(
        (status = 200, description = "Each variant with what can be had of it", body = Availability),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_availability(
    FromState(state): FromState<State>,
    Path(id): Path<String>,
) -> Result<Json<Availability>, Problem> {
    let no_such_product = || Problem::new(&NOT_FOUND, "There is no such product.");
    let product_id: ProductId = id.parse().map_err(|_| no_such_product())?;
    let mut connection = state.database.acquire().await?;
    let supplies = db::supply::supplies(&mut connection, &[], Some(product_id)).await?;
    if supplies.is_empty() {
        return Err(no_such_product());
    }
    let variants = supplies.into_iter().map(VariantAvailability::from);
    Ok(Json(Availability {
        product_id,
        variants: variants.collect(),
    }))
}
