//! `POST /api/admin/{service}/dead-letters/{letter}/reveal`: all that it says. That somebody looked is written down.

use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::{
    Desk,
    body::{OpenedLetterBody, letter_id, no_such_letter},
    outline,
};
use crate::{
    Json, Problem,
    audit::{self, Change},
    auth::Admin,
    consumer::letters,
    problem::ProblemBody,
};

/// Show all that a dead letter says.
///
/// For admins. It may tell of people, so who looked is in the audit trail.
#[utoipa::path(
    post,
    path = "/api/admin/SERVICE/dead-letters/{letter}/reveal",
    tag = "admin",
    extensions(("x-roles" = json!(crate::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("letter" = i64, Path, description = "The letter's id.")),
    responses(
        (status = 200, description = "The letter", body = OpenedLetterBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such letter", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reveal_dead_letter(
    State(desk): State<Desk>,
    Admin(admin): Admin,
    Path(letter): Path<String>,
) -> Result<Json<OpenedLetterBody>, Problem> {
    let id = letter_id(&letter)?;
    let mut tx = desk.database.begin().await?;
    let letter = letters::get(&mut tx, id).await?;
    let letter = letter.ok_or_else(no_such_letter)?;
    let payload = letters::payload(&mut tx, id).await?;
    let change = Change {
        by: admin,
        action: "reveal_dead_letter",
        subject_kind: "dead_letter",
        subject_id: id.to_string(),
        before: Value::Null,
        after: json!({ "consumer": letter.consumer }),
    };
    audit::record(&mut tx, &change).await?;
    tx.commit().await?;
    Ok(Json(OpenedLetterBody {
        letter: letter.into(),
        payload: outline::whole(&payload),
    }))
}
