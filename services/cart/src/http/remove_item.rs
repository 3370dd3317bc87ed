//! `DELETE /api/cart/items/{variantId}`: a line less.

use axum::{
    extract::{Path, State as FromState},
    response::Response,
};
use chassis::{Problem, clock};

use super::{
    body::{CartBody, ProblemBody, no_such_line, variant},
    shopper::Shopper,
    show::{answer, show},
};
use crate::{assembly::State, db, metrics::CartEvent};

/// Take something out.
#[utoipa::path(
    delete,
    path = "/api/cart/items/{variantId}",
    tag = "cart",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    security((), ("accessToken" = []), ("cookie" = []), ("guest" = [])),
    params(("variantId" = String, Path, description = "The variant's id.")),
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = 401, description = "An access token that is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It is not in the cart", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove_item(
    FromState(state): FromState<State>,
    shopper: Shopper,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let variant = variant(&path)?;
    let owner = shopper.owner().ok_or_else(no_such_line)?;
    let expires_at = owner.expiry(clock::now());
    let mut connection = state.database.acquire().await?;
    let removed = db::lines::remove(&mut connection, &owner, expires_at, variant).await?;
    let mut cart = removed.ok_or_else(no_such_line)?;
    state.changed(CartEvent::ItemRemoved);
    cart.lines = db::lines::of_cart(&mut connection, cart.id).await?;
    drop(connection);
    Ok(answer(show(&state, &cart).await, shopper.renewed_cookie()))
}
