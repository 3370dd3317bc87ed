//! `GET /api/admin/{service}/dead-letters/{letter}`: one of them, with the outline of what it says.

use axum::extract::{Path, State};

use super::{
    Desk,
    body::{OpenedLetterBody, letter_id, no_such_letter},
    outline,
};
use crate::{Json, Problem, auth::Admin, consumer::letters, problem::ProblemBody};

/// Show a dead letter.
///
/// For admins. Numbers, ids and times are shown; every other text is replaced by its length, since it may tell of people.
#[utoipa::path(
    get,
    path = "/api/admin/SERVICE/dead-letters/{letter}",
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
pub(super) async fn get_dead_letter(
    State(desk): State<Desk>,
    _admin: Admin,
    Path(letter): Path<String>,
) -> Result<Json<OpenedLetterBody>, Problem> {
    let id = letter_id(&letter)?;
    let mut connection = desk.database.acquire().await?;
    let letter = letters::get(&mut connection, id).await?;
    let letter = letter.ok_or_else(no_such_letter)?;
    let payload = letters::payload(&mut connection, id).await?;
    Ok(Json(OpenedLetterBody {
        letter: letter.into(),
        payload: outline::outline(&payload),
    }))
}
