//! `GET /api/payments`: all payments, newest first, a page at a time; for admins.

use axum::extract::{RawQuery, State as FromState};
use chassis::{FieldError, Json, Problem, auth::Admin};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{PaymentBody, ProblemBody, STATES};
use crate::{assembly::State, db};

const DEFAULT_LIMIT: u8 = 50;
const MAX_LIMIT: u8 = 100;

/// A page of payments.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentPage {
    items: Vec<PaymentBody>,
    /// `after` of the next page; null on the last one.
    next: Option<String>,
}

#[derive(Debug)]
struct PageQuery {
    limit: u8,
    after: Option<i64>,
    state: Option<&'static str>,
}

/// List payments.
///
/// Needs to be an admin. Newest first; pages follow one another by `after`, which is `next` of the page before. Refunds are
/// only shown with a single payment.
#[utoipa::path(
    get,
    path = "/api/payments",
    tag = "payments",
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
    let query = parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)?;
    let limit = usize::from(query.limit);
    let mut connection = state.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let rows = i64::from(query.limit) + 1;
    let mut payments = db::payments::page(&mut connection, query.state, query.after, rows).await?;
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

fn parse(query: &str) -> Result<PageQuery, Vec<FieldError>> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|error| vec![FieldError::new("", format!("is not URL-encoded: {error}"))])?;
    let mut page = PageQuery {
        limit: DEFAULT_LIMIT,
        after: None,
        state: None,
    };
    let mut errors = Vec::new();
    for (name, value) in pairs {
        let message = match name.as_str() {
            "limit" => match value.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => {
                    page.limit = limit;
                    continue;
                }
                _ => format!("must be a number from 1 to {MAX_LIMIT}"),
            },
            "after" => match value.parse() {
                Ok(after @ 0..) => {
                    page.after = Some(after);
                    continue;
                }
                _ => "must be `next` of the page before".to_owned(),
            },
            "state" => match STATES.iter().find(|state| **state == value) {
                Some(state) => {
                    page.state = Some(state);
                    continue;
                }
                None => format!("must be one of {}", STATES.join(", ")),
            },
            _ => "is not a parameter of this list; it takes limit, after, state".to_owned(),
        };
        errors.push(FieldError::new(name, message));
    }
    if errors.is_empty() {
        Ok(page)
    } else {
        Err(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_strictly() {
        let page = parse("limit=7&after=12&state=MANUAL").unwrap();
        assert_eq!(
            (page.limit, page.after, page.state),
            (7, Some(12), Some("MANUAL"))
        );
        for query in [
            "limit=0",
            "limit=101",
            "after=-1",
            "after=x",
            "state=manual",
            "page=2",
        ] {
            assert_eq!(parse(query).unwrap_err().len(), 1, "{query}");
        }
    }
}
