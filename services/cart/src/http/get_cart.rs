//! `GET /api/cart`: what is in the cart, and what has changed about it since it was put in.

use axum::{extract::State as FromState, response::Response};
use chassis::{Problem, clock};

use super::{
    body::{CartBody, ProblemBody},
    shopper::Shopper,
    show::{answer, show},
};
use crate::{assembly::State, db, domain::cart::Cart};

/// Look into the cart.
///
/// With an access token it is the account's; otherwise it is the one that the cookie `argosy_cart` leads to. Whoever has
/// none sees an empty one. It also answers while the catalogue or inventory is away, with what it knows.
#[utoipa::path(
    get,
    path = "/api/cart",
    tag = "cart",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    security((), ("accessToken" = []), ("cookie" = []), ("guest" = [])),
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = 401, description = "An access token that is not valid", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_cart(
    FromState(state): FromState<State>,
    shopper: Shopper,
) -> Result<Response, Problem> {
    let Some(owner) = shopper.owner() else {
        return Ok(answer(show(&state, &Cart::none()).await, None));
    };
    let mut connection = state.database.acquire().await?;
    let Some(mut cart) = db::carts::find(&mut connection, &owner).await? else {
        return Ok(answer(show(&state, &Cart::none()).await, None));
    };
    cart.lines = db::lines::of_cart(&mut connection, cart.id).await?;
    let renewed = owner.renewed(cart.expires_at, clock::now());
    if let Some(expires_at) = renewed {
        db::carts::renew(&mut connection, cart.id, expires_at).await?;
    }
    // Given back before others are asked.
    drop(connection);
    let cookie = renewed.and_then(|_| shopper.renewed_cookie());
    Ok(answer(show(&state, &cart).await, cookie))
}
