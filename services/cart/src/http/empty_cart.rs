//! `DELETE /api/cart`: everything is taken out.

use axum::{extract::State as FromState, response::Response};
use chassis::{Problem, clock};

use super::{
    body::{CartBody, ProblemBody},
    shopper::Shopper,
    show::{answer, show},
};
use crate::{assembly::State, db, domain::cart::Cart, metrics::CartEvent};

/// Empty the cart.
///
/// The cart stays, with nothing in it. Of an empty one, or of none, nothing changes.
#[utoipa::path(
    delete,
    path = "/api/cart",
    tag = "cart",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    security((), ("accessToken" = []), ("cookie" = []), ("guest" = [])),
    responses(
        (status = 200, description = "The cart, empty", body = CartBody),
        (status = 401, description = "An access token that is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn empty_cart(
    FromState(state): FromState<State>,
    shopper: Shopper,
) -> Result<Response, Problem> {
    let emptied = match shopper.owner() {
        Some(owner) => {
            let mut connection = state.database.acquire().await?;
            db::lines::clear(&mut connection, &owner, owner.expiry(clock::now())).await?
        }
        None => None,
    };
    let Some(cart) = emptied else {
        return Ok(answer(show(&state, &Cart::none()).await, None));
    };
    state.changed(CartEvent::Emptied);
    Ok(answer(show(&state, &cart).await, shopper.renewed_cookie()))
}
