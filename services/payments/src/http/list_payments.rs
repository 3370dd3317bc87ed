//! `GET /api/payments`: all payments, newest first, a page at a time; for admins.

use axum::extract::{RawQuery, State as FromState};
use chassis::{Json, Problem, auth::Admin, query::ListQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{PaymentBody, ProblemBody, STATES};
use crate::{assembly::State, db};

const DEFAULT_LIMIT: u8 = 50;

/// A page of payments.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentPage {
    items: Vec<PaymentBody>,
    /// `after` of the next page; null on the last one.
    next: Option<String>,
}

/// List payments.
///
/// Needs to be an admin. Newest first; pages follow one another by `after`, which is `next` of the page before. Refunds are
/// only shown with a single payment.
#[utoipa::path(
    get,
    path = "/api/payments",
    tag = "payments",
    extensions(("x-roles" = json!(chassis::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Payments per page, 50 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
        ("state" = Option<String>, Query, description = "Only those in this state, such as MANUAL."),
    ),
    responses(
        (status = 200, description = "A page of payments", body = PaymentPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_payments(
    FromState(state): FromState<State>,
    _admin: Admin,
    RawQuery(query): RawQuery,
) -> Result<Json<PaymentPage>, Problem> {
    let mut query = ListQuery::read(query.as_deref())?;
    let limit = query.limit(DEFAULT_LIMIT);
    let after = query.after();
    let only = query.take_one_of("state", &STATES, |state| state);
    query.finish()?;
    let mut connection = state.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let rows = i64::from(limit) + 1;
    let limit = usize::from(limit);
    let mut payments = db::payments::page(&mut connection, only, after, rows).await?;
    let more = payments.len() > limit;
    payments.truncate(limit);
    let last = payments.last().filter(|_| more);
    let next = last.map(|last| last.position.to_string());
    let items = payments
        .into_iter()
        .map(|payment| PaymentBody::new(payment, Vec::new()))
        .collect();
    Ok(Json(PaymentPage { items, next }))
}
