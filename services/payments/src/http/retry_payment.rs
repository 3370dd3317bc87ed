//! `POST /api/payments/{payment}/retry`: an admin wants a payment looked at again. What that means for each state stands in
//! `reopening.rs`; it never is a new charge of a payment that has ended.

use axum::{
    extract::{Path, State as FromState},
    http::StatusCode,
};
use chassis::{
    Json, Problem,
    audit::{self, Change},
    auth::Admin,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    body::{PaymentBody, ProblemBody},
    get_payment::no_such_payment,
};
use crate::{assembly::State, db, problems::PAYMENT_ENDED, reopening, turns::Error};

/// Look at a payment again.
///
/// Needs to be an admin. What waits is due now; what needs attention is looked up at the provider and goes on under the key
/// that it has; of a declined payment it is said again that it was. A payment that has ended is not charged again: that takes
/// a new order.
#[utoipa::path(
    post,
    path = "/api/payments/{payment}/retry",
    tag = "payments",
    extensions(("x-roles" = json!(chassis::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("payment" = String, Path, description = "The payment's id; its order's does as well.")),
    responses(
        (status = 202, description = "It is looked at again", body = PaymentBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such payment", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is nothing to try again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retry_payment(
    FromState(state): FromState<State>,
    Admin(admin): Admin,
    Path(payment): Path<String>,
) -> Result<(StatusCode, Json<PaymentBody>), Problem> {
    let id: Uuid = payment.parse().map_err(|_| no_such_payment())?;
    let mut tx = state.database.begin().await?;
    let found = db::payments::find(&mut tx, id).await?;
    let found = found.ok_or_else(no_such_payment)?;
    let id = found.id;
    let before = facts(&PaymentBody::new(found, Vec::new()));
    reopening::reopen(&mut tx, &state.turns, id)
        .await
        .map_err(problem)?;
    let stored = db::payments::find(&mut tx, id.0).await?;
    let stored = stored.ok_or_else(no_such_payment)?;
    let refunds = db::refunds::of_payment(&mut tx, id).await?;
    let body = PaymentBody::new(stored, refunds);
    let change = Change {
        by: admin,
        action: "retry_payment",
        subject_kind: "payment",
        subject_id: id.to_string(),
        before,
        after: facts(&body),
    };
    audit::record(&mut tx, &change).await?;
    tx.commit().await?;
    state.charges.wake();
    state.turns.committed();
    tracing::info!(payment = %id, admin = %admin.user, "a payment is looked at again");
    Ok((StatusCode::ACCEPTED, Json(body)))
}

/// What the audit trail keeps of a payment; nothing of whoever pays.
fn facts(payment: &PaymentBody) -> Value {
    let all = serde_json::to_value(payment).unwrap_or_default();
    json!({ "state": all["state"], "trouble": all["trouble"], "attempt": all["attempt"], "at": all["updatedAt"] })
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Unknown => no_such_payment(),
        Error::Refused(refusal) => Problem::new(
            &PAYMENT_ENDED,
            format!("There is nothing to try again: {refusal}."),
        ),
        Error::Database(error) => error.into(),
    }
}
