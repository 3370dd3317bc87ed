//! `POST /api/auth/refresh`: the next pair of tokens for a refresh token, which is used up by it.
//!
//! The rules are in `domain::family`. The session's row is locked first, so that two requests with the same token are
//! decided one after the other.

use axum::{
    RequestExt as _,
    extract::{Request, State as FromState},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chassis::{
    Json, Problem,
    auth::{Origin, cookie},
    problem::CROSS_ORIGIN,
};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    body::ProblemBody,
    cookies::{Cookies, REFRESH_COOKIE},
    session::{Delivery, Granted, SessionBody},
};
use crate::{
    assembly::State,
    db::{
        self,
        sessions::{EndedBy, Session},
    },
    domain::family::Outcome,
    problems::SESSION_ENDED,
    signing::RefreshToken,
};

/// What a program sends; a browser sends its cookie and no body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// Refresh.
///
/// The token counts once. Sent again within 5 seconds, it is answered with the same successor; sent again later, it ends the
/// session, for somebody else may have it.
#[utoipa::path(
    post,
    path = "/api/auth/refresh",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    request_body = Option<Refresh>,
    responses(
        (status = 200, description = "The next pair of tokens", body = SessionBody),
        (status = 400, description = "A field is missing, unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The session has ended: log in again", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(
    FromState(state): FromState<State>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let (token, delivery) = presented(request).await?;
    match exchange(&state, &token).await {
        Ok(granted) => granted.answer(&state, StatusCode::OK, &headers, delivery),
        Err(problem) if delivery == Delivery::Cookie && problem.kind == &SESSION_ENDED => {
            let mut response = problem.into_response();
            for cookie in Cookies::for_request(&headers).clear() {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}

/// The token in the body, or in the cookie of a request without one.
async fn presented(request: Request) -> Result<(String, Delivery), Problem> {
    let has_body = request.headers().contains_key(header::CONTENT_TYPE);
    if let Some(token) = refresh_cookie(request.headers()).filter(|_| !has_body) {
        let token = token.to_owned();
        require_own_origin(request.headers())?;
        return Ok((token, Delivery::Cookie));
    }
    let Json(body) = request.extract::<Json<Refresh>, _>().await?;
    Ok((body.refresh_token, Delivery::Token))
}

/// A browser's refresh token.
pub(super) fn refresh_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, REFRESH_COOKIE)
}

/// A browser's cookie counts only when a page of ours made the request.
pub(super) fn require_own_origin(headers: &HeaderMap) -> Result<(), Problem> {
    if Origin::of(headers) == Origin::Own {
        return Ok(());
    }
    let detail = "The refresh cookie counts only on requests of a page of this address (Origin).";
    Err(Problem::new(&CROSS_ORIGIN, detail))
}

async fn exchange(state: &State, text: &str) -> Result<Granted, Problem> {
    let counted = |label: &str| {
        state.metrics.refreshes.with_label_values(&[label]).inc();
    };
    let refused = || {
        counted("refused");
        Problem::new(
            &SESSION_ENDED,
            "The session has ended, or never was: log in again.",
        )
    };
    let token = RefreshToken::parse(text).ok_or_else(refused)?;
    let mut tx = state.database.begin().await?;
    let (session, generation) = db::sessions::of_token(&mut tx, &token.digest())
        .await?
        .ok_or_else(refused)?;
    if !db::sessions::lock(&mut tx, session).await? {
        return Err(refused());
    }
    let (session, now) = db::sessions::get(&mut tx, session).await?;
    let (_, outcome) = session.family.present(generation, now);
    let successor = match outcome {
        Outcome::Rotated => {
            let successor = state.keys.successor(&token);
            db::sessions::rotate(&mut tx, &session, &successor.digest(), now).await?;
            counted("rotated");
            successor
        }
        Outcome::Repeated => {
            counted("repeated");
            let stored = state
                .keys
                .successor_stored_as(&session.newest_digest, &token);
            stored.ok_or_else(refused)?
        }
        Outcome::Reused => {
            db::sessions::end(&mut tx, session.id, EndedBy::TokenReused).await?;
            tx.commit().await?;
            counted("reused");
            tracing::warn!(user.id = %session.user_id, session.id = %session.id, "a used refresh token came back: its session is ended");
            let detail = "This token has been used before: the session was ended, because somebody else may have it. Log in again.";
            return Err(Problem::new(&SESSION_ENDED, detail));
        }
        Outcome::Refused => return Err(refused()),
    };
    let granted = grant(&mut tx, session, successor, now).await?;
    tx.commit().await?;
    Ok(granted)
}

async fn grant(
    connection: &mut PgConnection,
    session: Session,
    refresh: RefreshToken,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Granted, Problem> {
    let user = db::users::get(connection, session.user_id).await?;
    let user = user.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Granted {
        user,
        session: session.id,
        refresh,
        lasts: (session.family.expires_at - now)
            .to_std()
            .unwrap_or_default(),
    })
}
