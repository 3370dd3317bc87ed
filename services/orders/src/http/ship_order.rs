//! `POST /api/orders/{order}/ship`: a vendor has sent it.

use axum::extract::{Path, State as FromState};
use chassis::{Json, Problem, auth::Principal};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    access,
    body::{OptionalJson, ProblemBody, field_errors},
    order_body::OrderBody,
    turn::{Turning, show},
};
use crate::{
    assembly::State,
    domain::{Rules, text},
    saga::{Happening, Signal},
};

/// What goes with a parcel; all of it may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ShipOrder {
    /// Who brings it.
    #[schema(max_length = 80)]
    carrier: Option<String>,
    /// Under which number the carrier knows it.
    #[schema(max_length = 120)]
    tracking_number: Option<String>,
    /// The version that it is sent from; another current one is refused.
    version: Option<i64>,
}

/// Say that an order was sent.
///
/// For vendors of something of it, and admins, once it is paid and the warehouse has handed the goods over.
#[utoipa::path(
    post,
    path = "/api/orders/{order}/ship",
    tag = "orders",
    extensions(("x-roles" = json!(access::SELLERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("order" = String, Path, description = "The order's id.")),
    request_body = Option<ShipOrder>,
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Only who sells something of it sends it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be sent now, or the version is stale", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ship_order(
    FromState(state): FromState<State>,
    principal: Principal,
    Path(order): Path<String>,
    OptionalJson(request): OptionalJson<ShipOrder>,
) -> Result<Json<OrderBody>, Problem> {
    let id = access::order_id(&order)?;
    let version = request.version;
    let parcel = request.checked()?;
    let mut turning = Turning::begin(&state, principal, id).await?;
    let relation = turning.relation()?;
    relation.require(
        access::SELLERS,
        "Only a vendor of something of it, or an admin, sends an order.",
    )?;
    turning.expect_version(version)?;
    let signal = Signal {
        order: id,
        happening: parcel,
        cause: "shipped",
        cause_id: Some(principal.user.0),
        correlation: None,
        reason: None,
    };
    match turning.signal(&state, signal).await {
        Ok(news) => turning.commit(&state, &news, "ship_order").await?,
        Err(refused) => return Err(turning.refused(refused)),
    }
    show(&state, principal, relation, id).await
}

impl ShipOrder {
    fn checked(self) -> Result<Happening, Problem> {
        let mut rules = Rules::default();
        let carrier = rules.keep(text::optional("carrier", self.carrier.as_deref(), 80));
        let number = self.tracking_number.as_deref();
        let tracking_number = rules.keep(text::optional("trackingNumber", number, 120));
        let violations = rules.violations();
        if violations.is_empty() {
            Ok(Happening::Shipped {
                carrier: carrier.flatten(),
                tracking_number: tracking_number.flatten(),
            })
        } else {
            Err(Problem::invalid(field_errors(violations)))
        }
    }
}
