//! `POST /api/notifications/{notification}/retry`: a mail that was given up is tried again, from its first attempt.

use axum::{
    extract::{Path, State as FromState},
    http::StatusCode,
};
use chassis::{
    Json, Problem,
    audit::{self, Change},
    auth::Principal,
};
use serde_json::json;
use uuid::Uuid;

use super::body::{NotificationBody, ProblemBody, no_such_notification, scope};
use crate::{assembly::State, db, problems::MAIL_NOT_DEAD};

/// Send a notification again that was given up.
///
/// Needs to be one's own, or an admin. It gets as many attempts as a new one. One that its order contradicts by now ends
/// as SUPERSEDED instead.
#[utoipa::path(
    post,
    path = "/api/notifications/{notification}/retry",
    tag = "notifications",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("notification" = String, Path, description = "The notification's id.")),
    responses(
        (status = 202, description = "It is pending again", body = NotificationBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A cookie came from another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such notification for the caller", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It has not been given up", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retry_notification(
    FromState(state): FromState<State>,
    reader: Principal,
    Path(notification): Path<String>,
) -> Result<(StatusCode, Json<NotificationBody>), Problem> {
    let id: Uuid = notification.parse().map_err(|_| no_such_notification())?;
    let mut tx = state.database.begin().await?;
    let known = db::mails_read::get(&mut tx, id, scope(reader)).await?;
    let known = known.ok_or_else(no_such_notification)?;
    if !db::mails::revive(&mut tx, id).await? {
        let detail = format!("It is {}; only a DEAD one can be sent again.", known.status);
        return Err(Problem::new(&MAIL_NOT_DEAD, detail).with("state", known.status));
    }
    let mail = db::mails_read::get(&mut tx, id, scope(reader)).await?;
    let mail = mail.ok_or_else(no_such_notification)?;
    let change = Change {
        by: reader,
        action: "retry_notification",
        subject_kind: "notification",
        subject_id: id.to_string(),
        before: json!({ "status": known.status, "attempts": known.attempts }),
        after: json!({ "status": mail.status, "attempts": mail.attempts }),
    };
    audit::record(&mut tx, &change).await?;
    tx.commit().await?;
    state.mails.wake();
    Ok((
        StatusCode::ACCEPTED,
        Json(NotificationBody::new(mail, reader)),
    ))
}
