//! `POST /api/orders/{order}/refunds`: money goes back, in part or in full, and never more than has come.

use axum::{
    extract::{Path, State as FromState},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chassis::{
    Json, Problem,
    auth::{Caller, Who},
    idempotency::{self, IdempotencyKey, REPLAYED},
};
use contracts::{Amount, OrderId, UserId};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    access::{self, forbidden},
    body::{ProblemBody, TRUE, field_errors},
    order_body::RefundBody,
    turn::Turning,
};
use crate::{
    assembly::State,
    db::{
        self,
        refunds::{NewRefund, Refund},
        turns::LockedOrder,
    },
    domain::{
        Rules,
        identifiers::{self, Fingerprint},
        text,
    },
    saga::{Happening, Signal},
};

/// What lets somebody give money back who is no admin.
const PERMISSION: &str = "orders:refund";
const REFUNDERS: Who = &["admin", PERMISSION];

/// Money that shall go back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefundOrder {
    /// How much, in the order's currency; all that is left unless said.
    amount: Option<Amount>,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// The version that it is asked from; another current one is refused.
    version: Option<i64>,
}

/// Give money back.
///
/// For admins, and whoever has the permission `orders:refund`. Giving all of it back ends an order that has not been sent: its
/// goods return to the shelf. With an `Idempotency-Key` the same request may be sent again and is done once.
#[utoipa::path(
    post,
    path = "/api/orders/{order}/refunds",
    tag = "orders",
    extensions(("x-roles" = json!(REFUNDERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("order" = String, Path, description = "The order's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters."),
    ),
    request_body = RefundOrder,
    responses(
        (status = 201, description = "The refund; payments has been asked for it", body = RefundBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither an admin nor permitted", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "No money can go back, not so much, or the version is stale", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refund_order(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(order): Path<String>,
    key: IdempotencyKey,
    Json(request): Json<RefundOrder>,
) -> Result<Response, Problem> {
    let id = access::order_id(&order)?;
    let key = identifiers::IdempotencyKey(key.as_str().to_owned());
    let user = caller.principal.user;
    let mut turning = Turning::begin(&state, caller.principal, id).await?;
    if !caller.is_one_of(REFUNDERS) {
        // Whoever is nothing to the order learns nothing of it.
        turning.relation()?;
        return Err(forbidden(
            "Only an admin, or somebody with the permission orders:refund, gives money back.",
        ));
    }
    let fingerprint = request.fingerprint();
    if let Some(known) = known(&mut turning, user, &key).await? {
        return replayed(&turning.order, known, &fingerprint);
    }
    turning.expect_version(request.version)?;
    let refund = request.checked(&turning.order, user, key, fingerprint)?;
    let refund_id = refund.id;
    let signal = signal(id, user, refund);
    match turning.signal(&state, signal).await {
        Ok(news) => turning.commit(&state, &news, "refund_order").await?,
        Err(refused) => return Err(turning.refused(refused)),
    }
    let mut connection = state.database.acquire().await?;
    let refund = db::refunds::get_all(&mut connection, &[refund_id])
        .await?
        .pop();
    let refund = refund.ok_or_else(|| Problem::internal(anyhow::anyhow!("BUG: no refund")))?;
    let order = db::views::head(&mut connection, id).await?;
    let order = order.ok_or_else(access::no_such_order)?;
    let body = RefundBody::as_asked(refund, order.total.currency);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

fn signal(order: OrderId, user: UserId, refund: NewRefund) -> Signal {
    Signal {
        order,
        reason: Some(refund.reason.clone()),
        happening: Happening::RefundAsked(refund),
        cause: "refund_asked",
        cause_id: Some(user.0),
        correlation: None,
    }
}

async fn known(
    turning: &mut Turning,
    user: UserId,
    key: &identifiers::IdempotencyKey,
) -> Result<Option<Refund>, Problem> {
    let id = identifiers::asked_refund(turning.order.id, user, key);
    Ok(db::refunds::get_all(&mut turning.tx, &[id]).await?.pop())
}

fn replayed(
    order: &LockedOrder,
    known: Refund,
    fingerprint: &Fingerprint,
) -> Result<Response, Problem> {
    if known.fingerprint.as_deref() != Some(fingerprint.as_slice()) {
        return Err(idempotency::reused());
    }
    let body = RefundBody::as_asked(known, order.currency);
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    response.headers_mut().insert(REPLAYED, TRUE);
    Ok(response)
}

impl RefundOrder {
    fn fingerprint(&self) -> Fingerprint {
        let amount = self.amount.as_ref().map(Amount::digits);
        Sha256::digest(json!([amount, self.reason.trim()]).to_string()).into()
    }

    fn checked(
        &self,
        order: &LockedOrder,
        user: UserId,
        key: identifiers::IdempotencyKey,
        fingerprint: Fingerprint,
    ) -> Result<NewRefund, Problem> {
        let mut rules = Rules::default();
        let reason = rules.keep(text::bounded("reason", &self.reason, 1, 500));
        let amount_minor = match &self.amount {
            None => order.progress.refundable(),
            Some(amount) => match amount.in_currency(order.currency) {
                Ok(amount) if amount.minor < 1 => {
                    rules.refuse("amount", "must be more than nothing");
                    0
                }
                Ok(amount) => amount.minor,
                Err(error) => {
                    rules.refuse("amount", error.to_string());
                    0
                }
            },
        };
        let violations = rules.violations();
        if !violations.is_empty() {
            return Err(Problem::invalid(field_errors(violations)));
        }
        Ok(NewRefund {
            id: identifiers::asked_refund(order.id, user, &key),
            order: order.id,
            amount_minor,
            reason: reason.unwrap_or_default(),
            requested_by: Some((user, key, fingerprint)),
        })
    }
}
