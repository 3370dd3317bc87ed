//! `GET /api/users`: all accounts, a page at a time; for admins.

use axum::extract::{RawQuery, State as FromState};
use chassis::{Json, Problem, query::ListQuery};
use contracts::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, UserBody},
    signed_in::Administrator,
};
use crate::{
    assembly::State,
    db::{self, users::Filter},
    domain::rights::Role,
};

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
        ("email" = Option<String>, Query, max_length = 254, description = "Only those whose address contains this."),
        ("role" = Option<String>, Query, description = "`customer`, `vendor` or `admin`."),
        ("sort" = Option<String>, Query, description = "newest (default) or email."),
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
    let limit = query.limit(DEFAULT_LIMIT);
    let filter = Filter {
        email: query
            .words("email", 254)
            .map(|email| email.to_ascii_lowercase()),
        role: query
            .take("role", |text| match text {
                "" => Ok(None),
                text => Role::granted(text)
                    .map(Some)
                    .map_err(|_| "must be customer, vendor or admin"),
            })
            .flatten(),
        by_email: query.take("sort", |text| match text {
            "newest" => Ok(false),
            "email" => Ok(true),
            _ => Err("must be newest or email"),
        }) == Some(true),
        after: query.after(),
    };
    query.finish()?;
    let mut connection = state.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let mut users = db::users::page(&mut connection, &filter, i64::from(limit) + 1).await?;
    let limit = usize::from(limit);
    let more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| more).map(|last| last.id);
    let items = users.into_iter().map(UserBody::from).collect();
    Ok(Json(UserPage { items, next }))
}
