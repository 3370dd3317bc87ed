//! `PUT /api/cart/items/{variantId}`: from now on there are so many of it.

use axum::{
    extract::{Path, State as FromState},
    response::Response,
};
use chassis::{Json, Problem, clock};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{CartBody, ProblemBody, no_such_line, quantity, variant},
    shopper::Shopper,
    show::{answer, show},
};
use crate::{assembly::State, db, metrics::CartEvent};

/// How many there are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetQuantity {
    #[schema(minimum = 1, maximum = 99)]
    quantity: i64,
}

/// Set how many.
///
/// Of something that is in the cart. 0 is an error: to take it out, delete it.
#[utoipa::path(
    put,
    path = "/api/cart/items/{variantId}",
    tag = "cart",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    security((), ("accessToken" = []), ("cookie" = []), ("guest" = [])),
    params(("variantId" = String, Path, description = "The variant's id.")),
    request_body = SetQuantity,
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = 400, description = "A field is missing, unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "An access token that is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It is not in the cart", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_quantity(
    FromState(state): FromState<State>,
    shopper: Shopper,
    Path(path): Path<String>,
    Json(request): Json<SetQuantity>,
) -> Result<Response, Problem> {
    let variant = variant(&path)?;
    let quantity = quantity(request.quantity)?;
    let owner = shopper.owner().ok_or_else(no_such_line)?;
    let expires_at = owner.expiry(clock::now());
    let mut connection = state.database.acquire().await?;
    let set = db::lines::set_quantity(&mut connection, &owner, expires_at, variant, quantity);
    let mut cart = set.await?.ok_or_else(no_such_line)?;
    state.changed(CartEvent::QuantitySet);
    cart.lines = db::lines::of_cart(&mut connection, cart.id).await?;
    drop(connection);
    Ok(answer(show(&state, &cart).await, shopper.renewed_cookie()))
}
