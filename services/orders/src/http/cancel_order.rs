//! `POST /api/orders/{order}/cancel`: the shopper, or an admin, does not want it any more.

use axum::extract::{Path, State as FromState};
use chassis::{
    Json, Problem,
    auth::{OWNERS, Principal},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    access,
    body::{OptionalJson, ProblemBody, field_errors},
    order_body::OrderBody,
    turn::{NotDone, Turning, show},
};
use crate::{
    assembly::State,
    domain::{
        progress::{Event, Refusal},
        text,
    },
    saga::{Happening, Refused, Signal},
};

/// What goes with a cancellation; all of it may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CancelOrder {
    /// The version that it is cancelled from; another current one is refused.
    version: Option<i64>,
    /// Why, for people.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Cancel an order.
///
/// For who ordered, and admins, as long as it is not paid. The order is `CANCELLING` until payments and inventory have
/// answered; money that was charged meanwhile goes back. Cancelling again changes nothing.
#[utoipa::path(
    post,
    path = "/api/orders/{order}/cancel",
    tag = "orders",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("order" = String, Path, description = "The order's id.")),
    request_body = Option<CancelOrder>,
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Only who ordered cancels", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is too late, or the version is stale", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel_order(
    FromState(state): FromState<State>,
    principal: Principal,
    Path(order): Path<String>,
    OptionalJson(request): OptionalJson<CancelOrder>,
) -> Result<Json<OrderBody>, Problem> {
    let id = access::order_id(&order)?;
    let reason = text::optional("reason", request.reason.as_deref(), 500)
        .map_err(|violation| Problem::invalid(field_errors(vec![violation])))?;
    let mut turning = Turning::begin(&state, principal, id).await?;
    let relation = turning.relation()?;
    relation.require(OWNERS, "Only who ordered, or an admin, cancels an order.")?;
    turning.expect_version(request.version)?;
    let signal = Signal {
        order: id,
        happening: Happening::Plain(Event::CancelAsked),
        cause: "cancel_asked",
        cause_id: Some(principal.user.0),
        correlation: None,
        reason,
    };
    match turning.signal(&state, signal).await {
        Ok(news) => turning.commit(&state, &news, "cancel_order").await?,
        // It is being cancelled, or is: what was asked for is so.
        Err(NotDone::Refused(Refused::Domain(Refusal::Stale))) => drop(turning),
        Err(refused) => return Err(turning.refused(refused)),
    }
    show(&state, principal, relation, id).await
}
