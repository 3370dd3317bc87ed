//! `POST /api/admin/{service}/dead-letters/{letter}/replay`: its consumer tries again.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::json;

use super::{
    Desk,
    body::{LetterBody, letter_id, no_such_letter},
};
use crate::{
    Json, Problem,
    audit::{self, Change},
    auth::Admin,
    consumer::letters,
    problem::{CONFLICT, ProblemBody},
};

/// Replay a dead letter.
///
/// For admins. Its consumer is handed the message again within seconds; what had its effect already has it no second time.
#[utoipa::path(
    post,
    path = "/api/admin/SERVICE/dead-letters/{letter}/replay",
    tag = "admin",
    extensions(("x-roles" = json!(crate::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("letter" = i64, Path, description = "The letter's id.")),
    responses(
        (status = 202, description = "The letter; its consumer has been asked", body = LetterBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such letter", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is about to be replayed, or has been", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn replay_dead_letter(
    State(desk): State<Desk>,
    Admin(admin): Admin,
    Path(letter): Path<String>,
) -> Result<(StatusCode, Json<LetterBody>), Problem> {
    let id = letter_id(&letter)?;
    let mut tx = desk.database.begin().await?;
    let before = letters::get(&mut tx, id).await?;
    let before = before.ok_or_else(no_such_letter)?;
    let Some(after) = letters::request_replay(&mut tx, id).await? else {
        let detail = "It is about to be replayed, or has been: there is nothing left to do.";
        return Err(Problem::new(&CONFLICT, detail));
    };
    let change = Change {
        by: admin,
        action: "replay_dead_letter",
        subject_kind: "dead_letter",
        subject_id: id.to_string(),
        before: json!({ "consumer": before.consumer, "state": before.state().name(), "reason": before.reason }),
        after: json!({ "consumer": after.consumer, "state": after.state().name() }),
    };
    audit::record(&mut tx, &change).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(after.into())))
}
