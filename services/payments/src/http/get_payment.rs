//! `GET /api/payments/{order}`: what became of an order's payment, for who pays and for admins.

use axum::extract::{Path, State as FromState};
use chassis::{
    Json, Problem,
    auth::{OWNERS, Principal},
    problem::NOT_FOUND,
};
use uuid::Uuid;

use super::body::{PaymentBody, ProblemBody};
use crate::{assembly::State, db};

/// Show the payment of an order.
///
/// Needs to be one's own order, or an admin; for anybody else there is no such payment.
#[utoipa::path(
    get,
    path = "/api/payments/{payment}",
    tag = "payments",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("payment" = String, Path, description = "The order's id; the payment's own does as well.")),
    responses(
        (status = 200, description = "The payment with its refunds", body = PaymentBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such payment, or it is somebody else's", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_payment(
    FromState(state): FromState<State>,
    principal: Principal,
    Path(payment): Path<String>,
) -> Result<Json<PaymentBody>, Problem> {
    let id: Uuid = payment.parse().map_err(|_| no_such_payment())?;
    let mut connection = state.database.acquire().await?;
    let stored = db::payments::find(&mut connection, id).await?;
    let stored = stored.ok_or_else(no_such_payment)?;
    let payer = stored.request.as_ref().map(|request| request.user);
    // Of a cancellation that came first nobody knows whose it is.
    let is_theirs = payer.map_or(principal.is_one_of(OWNERS), |payer| principal.owns(payer.0));
    if !is_theirs {
        return Err(no_such_payment());
    }
    let refunds = db::refunds::of_payment(&mut connection, stored.id).await?;
    let body = PaymentBody::new(stored, refunds);
    Ok(Json(body))
}

pub(super) fn no_such_payment() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such payment.")
}
