//! `GET /api/users`: all accounts, newest first, a page at a time; for admins.

use axum::extract::{RawQuery, State as FromState};
use chassis::{FieldError, Json, Problem};
use contracts::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, UserBody},
    signed_in::Administrator,
};
use crate::{assembly::State, db};

const DEFAULT_LIMIT: u8 = 50;
const MAX_LIMIT: u8 = 100;

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage {
    items: Vec<UserBody>,
    /// `after` of the next page; null on the last one.
    next: Option<UserId>,
}

struct PageQuery {
    limit: u8,
    after: Option<UserId>,
}

/// List accounts.
///
/// Needs to be an admin. Pages follow one another by `after`, which is `next` of the page before.
#[utoipa::path(
    get,
    path = "/api/users",
    tag = "users",
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Accounts per page, 50 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of accounts", body = UserPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_users(
    FromState(state): FromState<State>,
    _administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<UserPage>, Problem> {
    let query = parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)?;
    let limit = usize::from(query.limit);
    let mut connection = state.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let mut users =
        db::users::page(&mut connection, query.after, i64::from(query.limit) + 1).await?;
    let more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| more).map(|last| last.id);
    let items = users.into_iter().map(UserBody::from).collect();
    Ok(Json(UserPage { items, next }))
}

fn parse(query: &str) -> Result<PageQuery, Vec<FieldError>> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|error| vec![FieldError::new("", format!("is not URL-encoded: {error}"))])?;
    let mut page = PageQuery {
        limit: DEFAULT_LIMIT,
        after: None,
    };
    let mut errors = Vec::new();
    for (name, value) in pairs {
        match name.as_str() {
            "limit" => match value.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => page.limit = limit,
                _ => errors.push(FieldError::new(
                    name,
                    format!("must be a number from 1 to {MAX_LIMIT}"),
                )),
            },
            "after" => {
                page.after = value.parse().ok();
                if page.after.is_none() {
                    let message = "must be `next` of the page before (a UUID)";
                    errors.push(FieldError::new(name, message));
                }
            }
            _ => {
                let message = "is not a parameter of this list; it takes limit, after";
                errors.push(FieldError::new(name, message));
            }
        }
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
        assert_eq!(parse("").map(|page| page.limit).ok(), Some(50));
        assert_eq!(parse("limit=7").map(|page| page.limit).ok(), Some(7));
        for query in ["limit=0", "limit=101", "limit=-1", "after=x", "page=2"] {
            assert_eq!(parse(query).map(|_| ()).unwrap_err().len(), 1, "{query}");
        }
    }
}
