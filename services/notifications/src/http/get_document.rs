//! `GET /api/messages/{message}/document`: the file that came with a message, for whoever answers it.

use axum::{
    extract::{Path, State as FromState},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use chassis::{Problem, auth::Admin, problem::NOT_FOUND};
use uuid::Uuid;

use super::body::ProblemBody;
use crate::{assembly::State, db};

/// Fetch a message's document.
///
/// For admins. It is always something to save, never something to open in the browser.
#[utoipa::path(
    get,
    path = "/api/messages/{message}/document",
    tag = "messages",
    extensions(("x-roles" = json!(chassis::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("message" = String, Path, description = "The message's id, which the mail about it names.")),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Only an admin may do this", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such message, or no document with it", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_document(
    FromState(state): FromState<State>,
    _: Admin,
    Path(message): Path<String>,
) -> Result<Response, Problem> {
    let none = || Problem::new(&NOT_FOUND, "There is no such document.");
    let id: Uuid = message.parse().map_err(|_| none())?;
    let mut connection = state.database.acquire().await?;
    let kept = db::messages::document(&mut connection, id).await?;
    let kept = kept.ok_or_else(none)?;
    let media_type = HeaderValue::try_from(kept.media_type).map_err(Problem::internal)?;
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, attachment(&kept.name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, kept.content).into_response())
}

/// What browsers save it as: what is not a plain letter or digit becomes an underscore.
fn attachment(name: &str) -> HeaderValue {
    let plain = name.replace(
        |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_'),
        "_",
    );
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\""))
        .unwrap_or(HeaderValue::from_static("attachment"))
}
