//! `GET /api/notifications/{notification}`: one mail, for its owner and for admins.

use axum::extract::{Path, State as FromState};
use chassis::{Json, Problem, auth::Principal};
use uuid::Uuid;

use super::body::{NotificationBody, ProblemBody, no_such_notification, scope};
use crate::{assembly::State, db};

/// Show a notification.
///
/// Needs to be one's own, or an admin; somebody else's is not there.
#[utoipa::path(
    get,
    path = "/api/notifications/{notification}",
    tag = "notifications",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("notification" = String, Path, description = "The notification's id.")),
    responses(
        (status = 200, description = "The notification", body = NotificationBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such notification for the caller", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_notification(
    FromState(state): FromState<State>,
    reader: Principal,
    Path(notification): Path<String>,
) -> Result<Json<NotificationBody>, Problem> {
    let id: Uuid = notification.parse().map_err(|_| no_such_notification())?;
    let mut connection = state.database.acquire().await?;
    let mail = db::mails_read::get(&mut connection, id, scope(reader)).await?;
    let mail = mail.ok_or_else(no_such_notification)?;
    Ok(Json(NotificationBody::new(mail, reader)))
}
