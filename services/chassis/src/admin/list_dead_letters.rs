//! `GET /api/admin/{service}/dead-letters`: messages that could not be handled, newest first, a page at a time.

use axum::extract::{RawQuery, State as FromState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Desk, body::LetterBody};
use crate::{
    Json, Problem,
    auth::Admin,
    consumer::letters::{self, Filter, State},
    problem::ProblemBody,
    query::ListQuery,
};

const DEFAULT_LIMIT: u8 = 50;

/// A page of dead letters.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetterPage)]
pub(super) struct LetterPage {
    items: Vec<LetterBody>,
    /// `after` of the next page; null on the last one.
    next: Option<i64>,
}

/// List dead letters.
///
/// For admins. What they say is not in the list: it may tell of people.
#[utoipa::path(
    get,
    path = "/api/admin/SERVICE/dead-letters",
    tag = "admin",
    extensions(("x-roles" = json!(crate::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("consumer" = Option<String>, Query, max_length = 120, description = "Only those of this consumer."),
        ("state" = Option<String>, Query, description = "`open`, `requested` or `replayed`."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Letters per page, 50 unless said."),
        ("after" = Option<i64>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of dead letters", body = LetterPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_dead_letters(
    FromState(desk): FromState<Desk>,
    _admin: Admin,
    RawQuery(query): RawQuery,
) -> Result<Json<LetterPage>, Problem> {
    let mut query = ListQuery::read(query.as_deref())?;
    let limit = query.limit(DEFAULT_LIMIT);
    let filter = Filter {
        consumer: query.words("consumer", 120),
        state: query.take("state", |text| {
            let state = State::ALL.into_iter().find(|state| state.name() == text);
            state.ok_or("must be open, requested or replayed")
        }),
        after: query.after(),
    };
    query.finish()?;
    let mut connection = desk.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let mut letters = letters::page(&mut connection, &filter, i64::from(limit) + 1).await?;
    let more = letters.len() > usize::from(limit);
    letters.truncate(usize::from(limit));
    Ok(Json(LetterPage {
        next: letters.last().filter(|_| more).map(|last| last.id),
        items: letters.into_iter().map(LetterBody::from).collect(),
    }))
}
