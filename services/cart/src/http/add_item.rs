//! `POST /api/cart/items`: some of a thing are put in, beside those that are there.

use axum::{extract::State as FromState, http::HeaderValue, response::Response};
use chassis::{FieldError, Json, Problem, clock, failpoint};
use contracts::{ProductId, VariantId};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    body::{CartBody, ProblemBody, quantity},
    shopper::Shopper,
    show::{answer, show},
};
use crate::{
    assembly::State,
    db,
    domain::{
        cart::{Cart, MAX_LINES, Quantity},
        facts::Facts,
    },
    metrics::CartEvent,
    peers::catalog::Catalog,
    problems::CART_FULL,
};

/// What is put in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddItem {
    product_id: ProductId,
    /// In which form; the product's first one where it is left out.
    variant_id: Option<VariantId>,
    /// How many more.
    #[schema(minimum = 1, maximum = 99)]
    quantity: i64,
}

/// Put something in.
///
/// Adds to what is there of it; a line has at most 99, a cart at most 100 lines. Who has no cart gets one, a guest with the
/// cookie that leads to it. How many are left is said in the answer, and does not keep anything out.
#[utoipa::path(
    post,
    path = "/api/cart/items",
    tag = "cart",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    security((), ("accessToken" = []), ("cookie" = []), ("guest" = [])),
    request_body = AddItem,
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = 400, description = "A field is missing, unknown or not valid, or there is no such product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "An access token that is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The line or the cart is full", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The catalogue cannot be asked what it is", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_item(
    FromState(state): FromState<State>,
    shopper: Shopper,
    Json(request): Json<AddItem>,
) -> Result<Response, Problem> {
    let quantity = quantity(request.quantity)?;
    let facts = facts(&state.catalog, &request).await?;
    let mut connection = state.database.acquire().await?;
    let (mut cart, cookie) = add(&mut connection, &shopper, quantity, &facts).await?;
    state.changed(CartEvent::ItemAdded);
    if cart.version == 1 {
        state.metrics.count(CartEvent::Created);
    }
    cart.lines = db::lines::of_cart(&mut connection, cart.id).await?;
    drop(connection);
    Ok(answer(show(&state, &cart).await, cookie))
}

/// Into the cart that there is, or a new one; with the header of the cookie that leads to it.
async fn add(
    connection: &mut PgConnection,
    shopper: &Shopper,
    quantity: Quantity,
    facts: &Facts,
) -> Result<(Cart, Option<HeaderValue>), Problem> {
    let now = clock::now();
    if let Some(owner) = shopper.owner() {
        let added = db::lines::add(connection, &owner, owner.expiry(now), quantity, facts).await;
        if let Some(cart) = added.map_err(full)? {
            return Ok((cart, shopper.renewed_cookie()));
        }
    }
    let (owner, cookie) = shopper.new_owner();
    db::carts::open(connection, &owner, owner.expiry(now)).await?;
    failpoint::hit("cart.after_open");
    let added = db::lines::add(connection, &owner, owner.expiry(now), quantity, facts).await;
    let cart = added.map_err(full)?.ok_or(sqlx::Error::RowNotFound)?;
    Ok((cart, cookie))
}

/// What the catalogue says of the thing that is meant, if it is sold.
async fn facts(catalog: &Catalog, request: &AddItem) -> Result<Facts, Problem> {
    let wrong = |field, message: &str| Problem::invalid(vec![FieldError::new(field, message)]);
    let forms = catalog.product(request.product_id).await?;
    let first = forms
        .first()
        .ok_or_else(|| wrong("productId", "there is no such product"))?;
    let meant = match request.variant_id {
        None => first,
        Some(variant) => forms
            .iter()
            .find(|facts| facts.variant_id == variant)
            .ok_or_else(|| wrong("variantId", "the product has no such variant"))?,
    };
    if meant.is_archived {
        return Err(wrong("productId", "this product is no longer sold"));
    }
    Ok(meant.clone())
}

/// The bounds are the database's: only it knows what others add at the same time.
fn full(error: sqlx::Error) -> Problem {
    let constraint = error
        .as_database_error()
        .and_then(|error| error.constraint());
    let (field, message) = match constraint {
        Some("cart_lines_quantity") => {
            let most = Quantity::MAX.get();
            let message = format!("a line has at most {most} of one thing, counting those in it");
            ("quantity", message)
        }
        Some("cart_lines_at_most_100") => {
            ("productId", format!("a cart has at most {MAX_LINES} lines"))
        }
        _ => return error.into(),
    };
    Problem {
        errors: vec![FieldError::new(field, message.clone())],
        ..Problem::new(&CART_FULL, message)
    }
}
