//! `POST /api/inventory`: a vendor puts units on a shelf.

use axum::{extract::State as FromState, response::Response};
use chassis::{Json, Problem, auth::Vendor, idempotency::IdempotencyKey};
use contracts::{ProductId, VariantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, Rules, StockBody},
    product,
    request::{Attempt, Change},
};
use crate::{
    assembly::State,
    db,
    domain::{
        bounds::{DEFAULT_THRESHOLD, MAX_ON_HAND, MAX_UNITS, within},
        shelf::{Reason, Shelves},
        text,
    },
};

/// Units that have come.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddStock {
    product_id: ProductId,
    /// Needed where the product has several variants.
    variant_id: Option<VariantId>,
    /// Added to what lies there already.
    #[schema(minimum = 1, maximum = 1_000_000, example = 50)]
    quantity: i64,
    #[schema(min_length = 1, max_length = 80, example = "Warehouse A")]
    warehouse_location: String,
    /// At so many units to sell or fewer, the vendor is told; 5 unless it has been said.
    #[schema(minimum = 0, maximum = 1_000_000)]
    low_stock_threshold: Option<i64>,
    /// Where they come from, for the ledger.
    #[schema(max_length = 200, example = "Delivery 4711")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl AddStock {
    fn checked(self) -> Result<Self, Problem> {
        let mut rules = Rules::default();
        rules.keep(within("quantity", self.quantity, 1, MAX_UNITS));
        let warehouse = text::line("warehouseLocation", &self.warehouse_location, 80);
        let warehouse_location = rules.keep(warehouse);
        let threshold = self
            .low_stock_threshold
            .map(|threshold| within("lowStockThreshold", threshold, 0, MAX_UNITS));
        rules.keep(threshold.transpose());
        let reason = self
            .reason
            .as_deref()
            .map(|reason| text::line("reason", reason, 200));
        let reason = rules.keep(reason.transpose());
        rules.finish()?;
        Ok(Self {
            warehouse_location,
            reason,
            ..self
        })
    }
}

/// Add units to the stock of a product.
///
/// Needs to be its vendor, or an admin. With an `Idempotency-Key`, a repetition adds nothing and gets the first answer again.
#[utoipa::path(
    post,
    path = "/api/inventory",
    tag = "stock",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, description = "The client's name for this attempt."),
    ),
    request_body = AddStock,
    responses(
        (status = 201, description = "The stock with the units in it; `Idempotent-Replayed: true` if they were added before", body = StockBody),
        (status = 400, description = "A field is missing, unknown or not valid, or the key is malformed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither vendor nor admin, or somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product or variant", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The product is archived, or the shelf is full", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The product is not known here yet, and the catalogue cannot be asked", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_stock(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    key: IdempotencyKey,
    Json(request): Json<AddStock>,
) -> Result<Response, Problem> {
    let request = request.checked()?;
    let attempt = Attempt::new("restock", "", principal, key, &request);
    if let Some(replayed) = attempt
        .replay(&state, &mut *state.database.acquire().await?)
        .await?
    {
        return Ok(replayed);
    }
    let variant =
        product::own_variant(&state, principal, request.product_id, request.variant_id).await?;

    let mut tx = state.database.begin().await?;
    if let Some(replayed) = attempt.begin(&state, &mut tx).await? {
        return Ok(replayed);
    }
    let warehouse = &request.warehouse_location;
    let threshold = request.low_stock_threshold.unwrap_or(DEFAULT_THRESHOLD);
    db::stock::insert(&mut tx, variant.variant_id, warehouse, threshold).await?;
    let shelf = db::stock::lock_one(&mut tx, variant.variant_id, warehouse)
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    if shelf.on_hand + request.quantity > MAX_ON_HAND {
        let detail = format!(
            "No shelf takes more than {MAX_ON_HAND} units; this one has {}.",
            shelf.on_hand
        );
        return Err(Problem::new(&chassis::problem::CONFLICT, detail));
    }
    let id = shelf.id;
    let mut shelves = Shelves::new(vec![shelf]);
    if let Some(threshold) = request.low_stock_threshold {
        shelves.set_threshold(id, threshold);
    }
    let change = Change {
        on_hand: request.quantity,
        reason: Reason::Restock,
        note: request.reason,
    };
    attempt.finish(&state, tx, shelves, id, change).await
}
