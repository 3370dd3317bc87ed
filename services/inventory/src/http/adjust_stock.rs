//! `POST /api/inventory/{stock}/adjustments`: a vendor corrects what lies on a shelf, and says why.

use axum::{
    extract::{Path, State as FromState},
    response::Response,
};
use chassis::{Json, Problem, auth::Vendor, idempotency::IdempotencyKey, problem::CONFLICT};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, Rules, StockBody, no_such_stock, require_own, stock_id},
    request::{Attempt, Change},
};
use crate::{
    assembly::State,
    db,
    domain::{
        Violation,
        bounds::{MAX_ON_HAND, MAX_UNITS, within},
        shelf::{Reason, Shelf, Shelves},
        text,
    },
    problems::STOCK_RESERVED,
};

/// A correction.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AdjustStock {
    /// Units more, or, if negative, fewer; not 0.
    #[schema(minimum = -1_000_000, maximum = 1_000_000, example = -2)]
    delta: i64,
    /// Why, for the ledger.
    #[schema(min_length = 1, max_length = 200, example = "Two broke")]
    reason: String,
}

impl AdjustStock {
    fn checked(self) -> Result<Self, Problem> {
        let mut rules = Rules::default();
        let delta = within("delta", self.delta, -MAX_UNITS, MAX_UNITS);
        let delta = delta.and_then(|delta| match delta {
            0 => Err(Violation::new("delta", "must not be 0")),
            delta => Ok(delta),
        });
        rules.keep(delta);
        let reason = rules.keep(text::line("reason", &self.reason, 200));
        rules.finish()?;
        Ok(Self { reason, ..self })
    }
}

/// Correct a stock.
///
/// Needs to be the vendor of its product, or an admin. What is reserved for orders cannot be taken away. With an
/// `Idempotency-Key`, a repetition changes nothing and gets the first answer again.
#[utoipa::path(
    post,
    path = "/api/inventory/{stock}/adjustments",
    tag = "stock",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("stock" = String, Path, description = "The stock's id."),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, description = "The client's name for this attempt."),
    ),
    request_body = AdjustStock,
    responses(
        (status = 201, description = "The corrected stock; `Idempotent-Replayed: true` if it was corrected before", body = StockBody),
        (status = 400, description = "A field is missing, unknown or not valid, or the key is malformed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither vendor nor admin, or somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such stock", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "More is reserved than would be left, or the shelf is full", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn adjust_stock(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(request): Json<AdjustStock>,
) -> Result<Response, Problem> {
    let id = stock_id(&id)?;
    let mut tx = state.database.begin().await?;
    let shelf = db::stock::find(&mut tx, id)
        .await?
        .ok_or_else(no_such_stock)?;
    require_own(principal, shelf.facts.vendor_id)?;
    let request = request.checked()?;
    let attempt = Attempt::new("adjustment", &id.to_string(), principal, key, &request);
    if let Some(replayed) = attempt.begin(&state, &mut tx).await? {
        return Ok(replayed);
    }
    let shelves = db::stock::lock(&mut tx, &[id], &[]).await?;
    let shelf = shelves.first().ok_or_else(no_such_stock)?;
    require_room(shelf, request.delta)?;
    let change = Change {
        on_hand: request.delta,
        reason: Reason::Adjustment,
        note: Some(request.reason),
    };
    attempt
        .finish(&state, tx, Shelves::new(shelves), id, change)
        .await
}

fn require_room(shelf: &Shelf, delta: i64) -> Result<(), Problem> {
    let left = shelf.on_hand + delta;
    if left < shelf.reserved {
        let detail = format!(
            "{} of the {} units are reserved for orders: at most {} can be taken away.",
            shelf.reserved,
            shelf.on_hand,
            shelf.available()
        );
        return Err(Problem::new(&STOCK_RESERVED, detail)
            .with("onHand", shelf.on_hand)
            .with("reserved", shelf.reserved));
    }
    if left > MAX_ON_HAND {
        let detail = format!("No shelf takes more than {MAX_ON_HAND} units.");
        return Err(Problem::new(&CONFLICT, detail));
    }
    Ok(())
}
