//! `GET /api/notifications`: one's own mails, newest first, a page at a time; everybody's for an admin.

use axum::extract::{RawQuery, State as FromState};
use chassis::{FieldError, Json, Problem, auth::Principal, query::ListQuery};
use contracts::OrderId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{NotificationBody, ProblemBody, Status, scope};
use crate::{
    assembly::State,
    db::mails_read::{self, Shown, Wanted},
};

const DEFAULT_LIMIT: u8 = 20;

/// A page of notifications.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationPage {
    items: Vec<NotificationBody>,
    /// `after` of the next page; null on the last one.
    next: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PageQuery {
    limit: u8,
    after: Option<Uuid>,
    status: Option<Status>,
    order: Option<OrderId>,
}

/// List notifications.
///
/// One's own; an admin sees everybody's. Pages follow one another by `after`, which is `next` of the page before.
#[utoipa::path(
    get,
    path = "/api/notifications",
    tag = "notifications",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Notifications per page, 20 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
        ("status" = Option<Status>, Query, description = "Only those in this status."),
        ("order" = Option<String>, Query, description = "Only those about the order with this id."),
    ),
    responses(
        (status = 200, description = "A page of notifications", body = NotificationPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_notifications(
    FromState(state): FromState<State>,
    reader: Principal,
    RawQuery(query): RawQuery,
) -> Result<Json<NotificationPage>, Problem> {
    let query = parse(query.as_deref())?;
    let mut mails = read(&state, reader, query).await?;
    let limit = usize::from(query.limit);
    let more = mails.len() > limit;
    mails.truncate(limit);
    let next = mails.last().filter(|_| more).map(|last| last.id);
    let items = mails
        .into_iter()
        .map(|mail| NotificationBody::new(mail, reader));
    Ok(Json(NotificationPage {
        items: items.collect(),
        next,
    }))
}

/// One more than asked for, which tells whether there is a next page.
async fn read(state: &State, reader: Principal, query: PageQuery) -> Result<Vec<Shown>, Problem> {
    let mut connection = state.database.acquire().await?;
    let after = match query.after {
        None => None,
        Some(id) => {
            let mail = mails_read::get(&mut connection, id, scope(reader)).await?;
            let mail = mail.ok_or_else(|| Problem::invalid(vec![not_a_place()]))?;
            Some((mail.created_at, mail.id))
        }
    };
    let wanted = Wanted {
        status: query.status.map(Status::name),
        order: query.order,
    };
    let limit = i64::from(query.limit) + 1;
    Ok(match scope(reader) {
        Some(user) => {
            mails_read::page_of_user(&mut connection, user, &wanted, after, limit).await?
        }
        None => mails_read::page(&mut connection, &wanted, after, limit).await?,
    })
}

fn not_a_place() -> FieldError {
    FieldError::new("after", "must be `next` of the page before")
}

fn parse(query: Option<&str>) -> Result<PageQuery, Problem> {
    let mut list = ListQuery::read(query)?;
    let page = PageQuery {
        limit: list.limit(DEFAULT_LIMIT),
        after: list.after(),
        status: list.take_one_of("status", &Status::ALL, Status::name),
        order: list.take("order", |text| {
            text.parse().map_err(|_| "must be an order's id (a UUID)")
        }),
    };
    list.finish()?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_strictly() {
        assert_eq!(parse(None).map(|page| page.limit).ok(), Some(20));
        let page = parse(Some("limit=7&status=DEAD")).unwrap();
        assert_eq!((page.limit, page.status), (7, Some(Status::Dead)));
        for query in ["limit=0", "after=x", "status=dead", "page=2", "user=x"] {
            assert_eq!(parse(Some(query)).unwrap_err().errors.len(), 1, "{query}");
        }
    }
}
