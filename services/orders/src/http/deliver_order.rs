//! `POST /api/orders/{order}/deliver`: it has arrived.

use axum::extract::{Path, State as FromState};
use chassis::{Json, Problem, auth::Principal};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    access,
    body::{OptionalJson, ProblemBody},
    order_body::OrderBody,
    turn::{Turning, show},
};
use crate::{
    assembly::State,
    domain::progress::Event,
    saga::{Happening, Signal},
};

/// What goes with an arrival; it may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeliverOrder {
    /// The version that it arrives from; another current one is refused.
    version: Option<i64>,
}

/// Say that an order has arrived.
///
/// For vendors of something of it, and admins.
#[utoipa::path(
    post,
    path = "/api/orders/{order}/deliver",
    tag = "orders",
    extensions(("x-roles" = json!(access::SELLERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("order" = String, Path, description = "The order's id.")),
    request_body = Option<DeliverOrder>,
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Only who sells something of it says so", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It was not sent, or the version is stale", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn deliver_order(
    FromState(state): FromState<State>,
    principal: Principal,
    Path(order): Path<String>,
    OptionalJson(request): OptionalJson<DeliverOrder>,
) -> Result<Json<OrderBody>, Problem> {
    let id = access::order_id(&order)?;
    let mut turning = Turning::begin(&state, principal, id).await?;
    let relation = turning.relation()?;
    relation.require(
        access::SELLERS,
        "Only a vendor of something of it, or an admin, says that an order has arrived.",
    )?;
    turning.expect_version(request.version)?;
    let signal = Signal {
        order: id,
        happening: Happening::Plain(Event::Delivered),
        cause: "delivered",
        cause_id: Some(principal.user.0),
        correlation: None,
        reason: None,
    };
    match turning.signal(&state, signal).await {
        Ok(news) => turning.commit(&state, &news, "deliver_order").await?,
        Err(refused) => return Err(turning.refused(refused)),
    }
    show(&state, principal, relation, id).await
}
