//! `POST /api/auth/forgotten-password`: a way back into an account, by mail.
//!
//! The answer is the same whether there is such an account or not, and takes as long: the same statements are sent to the
//! database either way, and nothing is waited for that only an account has.

use axum::{
    extract::State as FromState,
    http::{HeaderMap, StatusCode},
};
use chassis::{Json, Problem};
use contracts::{ResetId, UserId};
use serde::Deserialize;
use sqlx::Acquire as _;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{ProblemBody, invalid};
use crate::{
    assembly::State,
    db,
    domain::{
        Rules,
        account::User,
        email,
        reset::{LIFETIME, MOST_AN_HOUR},
    },
    events,
    throttle::{Refusal, Throttle},
};

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestPasswordReset {
    #[schema(max_length = 254, example = "demo@example.com")]
    email: String,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Throttled(#[from] Refusal),
    #[error("no connection")]
    NoDatabase(#[from] chassis::database::Unavailable),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Throttled(error) => error.into(),
            Error::NoDatabase(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

/// What came of it. The client is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Opened,
    /// There is no such account.
    Unknown,
    /// The account was sent enough mails lately.
    Capped,
}

/// Ask for a new password.
///
/// Where there is an account with this address, it is sent a mail with a link that counts once, for 30 minutes. The answer does
/// not tell whether there is one. An account is sent at most three such mails an hour.
#[utoipa::path(
    post,
    path = "/api/auth/forgotten-password",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    request_body = RequestPasswordReset,
    responses(
        (status = 202, description = "A mail is on its way if there is such an account"),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests from here; Retry-After says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn request_password_reset(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    Json(request): Json<RequestPasswordReset>,
) -> Result<StatusCode, Problem> {
    let mut rules = Rules::default();
    let Some(email) = rules.keep(email::normalised("email", &request.email)) else {
        return Err(invalid(rules.violations()));
    };
    let throttle = Throttle::of_reset_request(&state.keys, &headers);
    let outcome = open(&state, &email, &throttle).await;
    count(&state, &outcome);
    outcome?;
    state.wake_outbox();
    Ok(StatusCode::ACCEPTED)
}

async fn open(state: &State, email: &str, throttle: &Throttle) -> Result<Outcome, Error> {
    let mut tx = state.database.begin().await?;
    throttle.require_turn(&mut tx).await?;
    // Counted whatever comes of it; so there is something to write for unknown addresses, too.
    throttle.note(&mut tx).await?;
    let user = db::users::find(&mut tx, email).await?;
    let id = user.as_ref().map_or(UserId(Uuid::nil()), |user| user.id);
    let reset = ResetId::generate();
    db::resets::lock_account(&mut tx, id).await?;
    let lifetime = LIFETIME.as_secs_f64();
    let expires_at = db::resets::insert(&mut tx, reset, id, lifetime, MOST_AN_HOUR).await?;
    // Written down in any case, and taken back where nothing has been opened: that takes as long.
    let mut telling = tx.begin().await?;
    let until = expires_at.unwrap_or_default();
    events::publish_reset_requested(&mut telling, reset, id, email, until).await?;
    let outcome = if expires_at.is_some() {
        telling.commit().await?;
        Outcome::Opened
    } else {
        telling.rollback().await?;
        user.as_ref().map_or(Outcome::Unknown, |_| Outcome::Capped)
    };
    tx.commit().await?;
    note(user.as_ref(), reset, outcome);
    Ok(outcome)
}

fn note(user: Option<&User>, reset: ResetId, outcome: Outcome) {
    if let Some(user) = user {
        tracing::info!(user.id = %user.id, %reset, ?outcome, "a password is forgotten");
    }
}

fn count(state: &State, outcome: &Result<Outcome, Error>) {
    let label = match outcome {
        Ok(Outcome::Opened) => "opened",
        Ok(Outcome::Unknown) => "unknown",
        Ok(Outcome::Capped) => "capped",
        Err(Error::Throttled(Refusal::TooEarly(_))) => "throttled",
        Err(_) => return,
    };
    state.metrics.resets.with_label_values(&[label]).inc();
}
