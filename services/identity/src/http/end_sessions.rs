//! `POST /api/users/{user}/end-sessions`: an admin logs somebody out everywhere.

use axum::extract::{Path, State as FromState};
use chassis::{
    Json, Problem,
    audit::{self, Change},
};
use contracts::UserId;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{body::ProblemBody, get_user::no_such_user, signed_in::Administrator};
use crate::{
    assembly::State,
    db::{self, sessions::EndedBy},
};

/// What was ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    /// How many there were.
    sessions: u64,
}

/// Log somebody out everywhere.
///
/// Needs to be an admin. The next call with any of their tokens is refused within a second.
#[utoipa::path(
    post,
    path = "/api/users/{user}/end-sessions",
    tag = "users",
    extensions(("x-roles" = json!(chassis::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("user" = String, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "All of their sessions have ended", body = EndedSessions),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end_sessions(
    FromState(state): FromState<State>,
    Administrator(admin): Administrator,
    Path(user): Path<String>,
) -> Result<Json<EndedSessions>, Problem> {
    let id: UserId = user.parse().map_err(|_| no_such_user())?;
    let mut tx = state.database.begin().await?;
    let user = db::users::lock(&mut tx, id).await?;
    let user = user.ok_or_else(no_such_user)?;
    let sessions = db::sessions::end_all(&mut tx, user.id, None, EndedBy::Admin).await?;
    let change = Change {
        by: admin.principal(),
        action: "end_sessions",
        subject_kind: "user",
        subject_id: id.to_string(),
        before: Value::Null,
        after: json!({ "endedSessions": sessions }),
    };
    audit::record(&mut tx, &change).await?;
    tx.commit().await?;
    tracing::info!(user.id = %id, by = %admin.user.id, sessions, "ended somebody's sessions");
    Ok(Json(EndedSessions { sessions }))
}
