//! `POST /api/orders`: prices from memory, one call of inventory, one statement. No broker, payment or mail is waited for.

use axum::{
    extract::State as FromState,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chassis::{
    Json, Problem,
    auth::Caller,
    failpoint,
    idempotency::{self, IdempotencyKey, REPLAYED},
    planted,
    problem::FORBIDDEN,
};
use contracts::{Amount, ProductId, VariantId, orders::ShippingAddress};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, TRUE, field_errors},
    order_body::OrderBody,
    placement::{self, Placement},
};
use crate::{
    assembly::State,
    db,
    domain::{
        identifiers,
        wish::{RawItem, Wish},
    },
    events,
};

/// What somebody orders.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlaceOrder {
    #[schema(min_items = 1, max_items = 50)]
    items: Vec<ItemWish>,
    shipping_address: AddressWish,
    /// The provider's name of a payment method, such as `pm_card_visa`; a test card unless said.
    #[schema(pattern = "^pm_[A-Za-z0-9_]{1,200}$")]
    payment_method: Option<String>,
}

/// One position.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ItemWish {
    product_id: ProductId,
    /// The first one on the product's page unless said.
    variant_id: Option<VariantId>,
    #[schema(minimum = 1, maximum = 999)]
    quantity: i64,
    /// What the client counts on. Another price than the current one is refused; the order costs what the catalogue says.
    price: Option<Amount>,
}

/// Where it goes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddressWish {
    /// Who takes it in, where that is not the account's owner.
    recipient: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    street: String,
    #[schema(min_length = 1, max_length = 120)]
    city: String,
    /// State, county or province, where the country has them.
    state: Option<String>,
    #[schema(min_length = 1, max_length = 20)]
    zip_code: String,
    #[schema(min_length = 2, max_length = 60)]
    country: String,
}

/// Place an order.
///
/// Holds the goods and answers at once; the payment follows. `GET /api/orders/{order}?after_version=1` waits for what comes
/// of it. With an `Idempotency-Key` the same request may be sent again and is done once; without one it is done each time.
#[utoipa::path(
    post,
    path = "/api/orders",
    tag = "orders",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters.")),
    request_body = PlaceOrder,
    responses(
        (status = 201, description = "The order; with `Idempotent-Replayed: true`, the answer that was given before", body = OrderBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The account has no e-mail address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A price has changed, something is sold out or not for sale any more", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Catalogue, inventory or database cannot be reached; see Retry-After", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn place_order(
    FromState(state): FromState<State>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<PlaceOrder>,
) -> Result<Response, Problem> {
    let outcome = match understood(&state, caller, &key, request) {
        Ok(placement) => answer(&state, &placement).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = &outcome {
        state.metrics.asked(placement::outcome_of(problem));
    }
    outcome
}

fn understood(
    state: &State,
    caller: Caller,
    key: &IdempotencyKey,
    request: PlaceOrder,
) -> Result<Placement, Problem> {
    let email = caller.email.ok_or_else(|| {
        Problem::new(
            &FORBIDDEN,
            "The access token names no e-mail address: an order needs one.",
        )
    })?;
    let wish = request.checked(&state.saga.settings.default_payment_method)?;
    let key = if planted::is_planted("order_without_unique_key") {
        // The defect: what the client calls its attempt is not looked at.
        uuid::Uuid::new_v4().to_string()
    } else {
        key.as_str().to_owned()
    };
    let key = identifiers::IdempotencyKey(key);
    let fingerprint = wish.fingerprint();
    Ok(Placement {
        id: identifiers::order_id(caller.principal.user, &key, &fingerprint),
        user: caller.principal.user,
        email,
        key,
        fingerprint,
        wish,
    })
}

async fn answer(state: &State, placement: &Placement) -> Result<Response, Problem> {
    match placement.place(state).await {
        Ok(Some(view)) => {
            failpoint::hit("orders.after_commit");
            state.saga.outbox.wake();
            state.metrics.placed(view.head.total);
            Ok(created(OrderBody::whole(view)))
        }
        // The key is taken: by this request, by its twin, or by another one.
        Ok(None) => {
            let replayed = replay(state, placement).await?;
            replayed.ok_or_else(|| {
                Problem::internal(anyhow::anyhow!("BUG: the key is taken by nothing"))
            })
        }
        // What was answered once is answered again, whatever has become of prices and stock.
        Err(problem) if problem.kind.status().is_client_error() => {
            replay(state, placement).await?.ok_or(problem)
        }
        // Without a neighbour or the database: whoever repeats it later is answered.
        Err(problem) => match replay(state, placement).await {
            Ok(Some(replayed)) => Ok(replayed),
            Ok(None) | Err(_) => Err(problem),
        },
    }
}

/// The answer that was given to the same request before, if there was one.
async fn replay(state: &State, placement: &Placement) -> Result<Option<Response>, Problem> {
    let mut connection = state.database.acquire().await?;
    let known = db::placing::by_key(&mut connection, placement.user, &placement.key).await?;
    let Some(known) = known else {
        return Ok(None);
    };
    if known.fingerprint != placement.fingerprint {
        // What may have been held for it in the meantime is nobody's.
        db::outbox::insert_once(&mut connection, &events::released(placement.id)).await?;
        state.saga.outbox.wake();
        return Err(idempotency::reused());
    }
    let view = db::views::get(&mut connection, known.id).await?;
    state.metrics.asked("replayed");
    Ok(view.map(|view| {
        let mut response = created(OrderBody::as_placed(view));
        response.headers_mut().insert(REPLAYED, TRUE);
        response
    }))
}

fn created(order: OrderBody) -> Response {
    let location = format!("/api/orders/{}", order.id());
    (
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(order),
    )
        .into_response()
}

impl PlaceOrder {
    fn checked(self, default_method: &str) -> Result<Wish, Problem> {
        let items = self.items.into_iter().map(|item| RawItem {
            product: item.product_id,
            variant: item.variant_id,
            quantity: item.quantity,
            price: item.price,
        });
        let address = self.shipping_address;
        let address = ShippingAddress {
            recipient: address.recipient,
            street: address.street,
            city: address.city,
            state: address.state,
            zip_code: address.zip_code,
            country: address.country,
        };
        let method = self.payment_method.as_deref().unwrap_or(default_method);
        Wish::check(items.collect(), &address, method)
            .map_err(|violations| Problem::invalid(field_errors(violations)))
    }
}
