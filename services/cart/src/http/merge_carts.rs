//! `POST /api/cart/merge`: what somebody put in as a guest becomes part of their account's cart.
//!
//! It happens only when it is asked for. The guest's cart ends in the same transaction, so it counts once, however often
//! and from however many tabs it is asked for.

use std::collections::HashMap;

use axum::{extract::State as FromState, response::Response};
use chassis::{Problem, clock, failpoint, planted};
use contracts::{ProductId, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{CartBody, ProblemBody},
    shopper::FormerGuest,
    show::{answer, show},
};
use crate::{
    assembly::State,
    db,
    domain::{
        cart::{Cart, variants},
        merge::{Cap, Capped},
        owner::Owner,
    },
    metrics::CartEvent,
};

/// The account's cart after the guest's became part of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergeBody {
    cart: CartBody,
    /// The lines that have fewer than both carts had together.
    capped: Vec<CappedBody>,
}

/// A line that has fewer than both carts had together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CappedBody {
    product_id: ProductId,
    variant_id: VariantId,
    /// What the product is called.
    name: String,
    /// What this form of it is called.
    variant: String,
    /// How many both carts had together.
    wanted: i64,
    /// How many there are now; 0 where the line was left out.
    quantity: i32,
    /// `stock`: there are not so many left. `quantity`: a line has at most 99. `lines`: the cart has 100 lines already.
    reason: &'static str,
}

impl From<Capped> for CappedBody {
    fn from(capped: Capped) -> Self {
        let facts = capped.line.facts;
        Self {
            product_id: facts.product_id,
            variant_id: facts.variant_id,
            name: facts.product_name,
            variant: facts.variant_name,
            wanted: capped.wanted,
            quantity: capped.quantity,
            reason: match capped.cap {
                Cap::Stock => "stock",
                Cap::Quantity => "quantity",
                Cap::Lines => "lines",
            },
        }
    }
}

/// Merge the guest's cart into the account's.
///
/// Lines are summed, and capped at what is left and at 99; what is sold out keeps its line, with one. The guest's cart ends.
/// Asked for again, or without a guest's cart, it changes nothing.
#[utoipa::path(
    post,
    path = "/api/cart/merge",
    tag = "cart",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = [], "guest" = []), ("cookie" = [], "guest" = [])),
    responses(
        (status = 200, description = "The account's cart", body = MergeBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn merge_carts(
    FromState(state): FromState<State>,
    shopper: FormerGuest,
) -> Result<Response, Problem> {
    let own = Owner::User(shopper.user);
    let capped = match &shopper.guest {
        Some(token) => merge(&state, &Owner::Guest(token.digest()), &own).await?,
        None => Vec::new(),
    };
    let mut connection = state.database.acquire().await?;
    let cart = db::carts::find(&mut connection, &own).await?;
    let mut cart = cart.unwrap_or_else(Cart::none);
    cart.lines = db::lines::of_cart(&mut connection, cart.id).await?;
    drop(connection);
    let body = MergeBody {
        cart: show(&state, &cart).await,
        capped: capped.into_iter().map(CappedBody::from).collect(),
    };
    let cookie = shopper.guest.map(|_| shopper.cookie.clear());
    Ok(answer(body, cookie))
}

/// Says which lines were capped: none where there is no guest's cart (any more).
async fn merge(state: &State, guest: &Owner, own: &Owner) -> Result<Vec<Capped>, Problem> {
    let available = available(state, guest).await?;
    let now = clock::now();
    let mut tx = state.database.begin().await?;
    // Its lock decides between two who ask at once: the second one finds it gone.
    let Some(old) = db::carts::change(&mut tx, guest, guest.expiry(now)).await? else {
        return Ok(Vec::new());
    };
    let lines = db::lines::of_cart(&mut tx, old.id).await?;
    // The defect: the guest's cart stays, and counts again.
    if !planted::is_planted("merge_adds_twice") {
        db::carts::remove(&mut tx, old.id).await?;
    }
    db::carts::open(&mut tx, own, own.expiry(now)).await?;
    let cart = db::carts::change(&mut tx, own, own.expiry(now)).await?;
    let mut cart = cart.ok_or(sqlx::Error::RowNotFound)?;
    cart.lines = db::lines::of_cart(&mut tx, cart.id).await?;
    let capped = cart.merge(lines, &available);
    db::lines::put(&mut tx, cart.id, &cart.lines).await?;
    failpoint::hit("cart.before_merge_commit");
    tx.commit().await?;
    state.changed(CartEvent::Merged);
    Ok(capped)
}

/// How many are left of what is in the guest's cart: asked before anything is locked.
async fn available(state: &State, guest: &Owner) -> Result<HashMap<VariantId, i64>, Problem> {
    let mut connection = state.database.acquire().await?;
    let Some(cart) = db::carts::find(&mut connection, guest).await? else {
        return Ok(HashMap::new());
    };
    let lines = db::lines::of_cart(&mut connection, cart.id).await?;
    drop(connection);
    Ok(state.inventory.available(variants(&lines)).await.known)
}
