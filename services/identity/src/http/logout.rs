//! `POST /api/auth/logout`: ends the session that the request belongs to.

use axum::{
    extract::{FromRequestParts as _, Request, State as FromState},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chassis::Problem;
use uuid::Uuid;

use super::{
    body::ProblemBody,
    cookies::Cookies,
    refresh::{refresh_cookie, require_own_origin},
    signed_in::SignedIn,
};
use crate::{
    assembly::State,
    db::{self, sessions::EndedBy},
    signing::RefreshToken,
};

/// Log out.
///
/// Counts in every service within a second. A browser whose access token has run out is logged out by its refresh cookie.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn logout(
    FromState(state): FromState<State>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let session = match SignedIn::from_request_parts(&mut parts, &state).await {
        Ok(signed_in) => signed_in.session,
        Err(problem) => of_cookie(&state, &parts.headers).await?.ok_or(problem)?,
    };
    let mut connection = state.database.acquire().await?;
    if db::sessions::end(&mut connection, session, EndedBy::Logout).await? {
        tracing::info!(session.id = %session, "logged out");
    }
    Ok(ended(&parts.headers))
}

async fn of_cookie(state: &State, headers: &HeaderMap) -> Result<Option<Uuid>, Problem> {
    let Some(token) = refresh_cookie(headers).and_then(RefreshToken::parse) else {
        return Ok(None);
    };
    require_own_origin(headers)?;
    let mut connection = state.database.acquire().await?;
    let session = db::sessions::of_token(&mut connection, &token.digest()).await?;
    Ok(session.map(|(session, _)| session))
}

/// The answer that takes a browser's cookies away.
pub(super) fn ended(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for cookie in Cookies::for_request(headers).clear() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
