//! `POST /api/auth/logout-all`: ends every session of somebody, this one too.

use axum::{extract::State as FromState, http::HeaderMap, response::Response};
use chassis::Problem;

use super::{body::ProblemBody, logout::ended, signed_in::SignedIn};
use crate::{
    assembly::State,
    db::{self, sessions::EndedBy},
};

/// Log out everywhere.
#[utoipa::path(
    post,
    path = "/api/auth/logout-all",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "All sessions have ended"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn logout_all(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    signed_in: SignedIn,
) -> Result<Response, Problem> {
    let user = signed_in.user.id;
    let mut connection = state.database.acquire().await?;
    let sessions = db::sessions::end_all(&mut connection, user, None, EndedBy::LogoutAll).await?;
    tracing::info!(user.id = %user, sessions, "logged out everywhere");
    Ok(ended(&headers))
}
