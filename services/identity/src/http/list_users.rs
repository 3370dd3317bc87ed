//! `GET /api/users`: all accounts, newest first, a page at a time; for admins.

use axum::extract::{RawQuery, State as FromState};
use chassis::{Json, Problem, query::ListQuery};
use contracts::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, UserBody},
    signed_in::Administrator,
};
use crate::{assembly::State, db};

const DEFAULT_LIMIT: u8 = 50;

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage {
    items: Vec<UserBody>,
    /// `after` of the next page; null on the last one.
    next: Option<UserId>,
}

/// List accounts.
///
/// Needs to be an admin. Pages follow one another by `after`, which is `next` of the page before.
#[utoipa::path(
    get,
    path = "/api/users",
    tag = "users",
    extensions(("x-roles" = json!(chassis::auth::ADMINS))),
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
    let mut query = ListQuery::read(query.as_deref())?;
    let (limit, after) = (query.limit(DEFAULT_LIMIT), query.after());
    query.finish()?;
    let mut connection = state.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let mut users = db::users::page(&mut connection, after, i64::from(limit) + 1).await?;
    let limit = usize::from(limit);
    let more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| more).map(|last| last.id);
    let items = users.into_iter().map(UserBody::from).collect();
    Ok(Json(UserPage { items, next }))
}
