//! `POST /api/auth/reset-password`: a new password for whoever has the code of a mail, and the end of every session: somebody
//! else may be in them.

use axum::{
    extract::State as FromState,
    http::{HeaderMap, StatusCode},
};
use chassis::{Json, Problem};
use contracts::{ResetCode, UserId};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::body::{ProblemBody, invalid};
use crate::{
    assembly::State,
    db::{self, resets::Reset, sessions::EndedBy},
    domain::{Rules, Violation, password::Password, reset::Closed},
    events, hashing,
    problems::RESET_ENDED,
    throttle::{Refusal, Throttle},
};

const NEW_PASSWORD: &str = "newPassword";

/// The proof and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResetPassword {
    /// As it stands in the link of the mail.
    #[schema(max_length = 100)]
    code: String,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Password,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the code is not one of ours")]
    Altered(Problem),
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error("the new password cannot be taken")]
    Invalid(Problem),
    #[error(transparent)]
    Throttled(#[from] Refusal),
    #[error(transparent)]
    Hashing(#[from] hashing::Error),
    #[error("no connection")]
    NoDatabase(#[from] chassis::database::Unavailable),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Altered(problem) | Error::Invalid(problem) => problem,
            Error::Closed(closed) => Self::new(&RESET_ENDED, explanation(closed)),
            Error::Throttled(error) => error.into(),
            Error::Hashing(error) => error.into(),
            Error::NoDatabase(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

fn explanation(closed: Closed) -> &'static str {
    match closed {
        Closed::Used => {
            "The password was changed since this link was sent, and a link counts once. Ask for another one."
        }
        Closed::Expired => "The link is too old: it counts for 30 minutes. Ask for another one.",
        Closed::Tried => {
            "Wrong codes were tried at this link, so it does not count any more. Ask for another one."
        }
    }
}

/// Set a new password.
///
/// Ends every session of the account, and all other links that it was sent.
#[utoipa::path(
    post,
    path = "/api/auth/reset-password",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    request_body = ResetPassword,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 400, description = "The code was altered, or a field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The code was used, or is too old", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures from here; Retry-After says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many people at this moment", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset_password(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    Json(request): Json<ResetPassword>,
) -> Result<StatusCode, Problem> {
    let outcome = reset(&state, &headers, request).await;
    count(&state, &outcome);
    outcome?;
    state.wake_outbox();
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(state: &State, headers: &HeaderMap, request: ResetPassword) -> Result<(), Error> {
    let (code, new) = read(request)?;
    let (user, new) = check(state, headers, &code, new).await?;
    let hash = state.hasher.hash(new).await?;

    let mut tx = state.database.begin().await?;
    // From here on nobody opens or uses another one of the account: of two at the same time the second one finds it ended.
    db::resets::lock_account(&mut tx, user).await?;
    let reset = open(&mut tx, &code).await?;
    let old = &reset.password_hash;
    let changed = db::users::set_password(&mut tx, user, old, &hash).await?;
    let version = changed.ok_or(Closed::Used)?;
    db::resets::end_all(&mut tx, user).await?;
    let sessions = db::sessions::end_all(&mut tx, user, None, EndedBy::PasswordChanged).await?;
    // Whoever forgot it has tried before.
    Throttle::of_login(&state.keys, headers, &reset.email, Some(user))
        .succeeded(&mut tx)
        .await?;
    events::publish_password_changed(&mut tx, user, version, &reset.email).await?;
    tx.commit().await?;
    tracing::info!(user.id = %user, reset = %code.reset(), sessions, "set a forgotten password anew");
    Ok(())
}

fn altered() -> Violation {
    let message = "is not as it stood in the mail: open the link again, the whole of it";
    Violation::new("code", message)
}

/// What can be read of a request, with all that is wrong about it: nobody is told that a link is used up, and then that the
/// password would not have done.
fn read(request: ResetPassword) -> Result<(ResetCode, Password), Error> {
    let mut rules = Rules::default();
    let code = rules.keep(request.code.parse().map_err(|_| altered()));
    let new = rules.keep(request.new_password.strong(NEW_PASSWORD));
    match (code, new) {
        (Some(code), Some(new)) => Ok((code, new)),
        (None, _) => Err(Error::Altered(invalid(rules.violations()))),
        (Some(_), None) => Err(Error::Invalid(invalid(rules.violations()))),
    }
}

/// Whose password this code replaces, with a password that can be taken. One that cannot does not use the code up.
async fn check(
    state: &State,
    headers: &HeaderMap,
    code: &ResetCode,
    new: Password,
) -> Result<(UserId, Password), Error> {
    let throttle = Throttle::of_reset(&state.keys, headers);
    let mut connection = state.database.acquire().await?;
    throttle.require_turn(&mut connection).await?;
    if !state.reset_key.has_made(code) {
        throttle.note(&mut connection).await?;
        db::resets::note_wrong_code(&mut connection, code.reset()).await?;
        return Err(Error::Altered(invalid(vec![altered()])));
    }
    let reset = open(&mut connection, code).await?;
    let mut rules = Rules::default();
    match rules.keep(new.acceptable(NEW_PASSWORD, &reset.email)) {
        Some(new) => Ok((reset.user_id, new)),
        None => Err(Error::Invalid(invalid(rules.violations()))),
    }
}

/// The reset of a code that is ours, if it counts now.
async fn open(connection: &mut PgConnection, code: &ResetCode) -> Result<Reset, Error> {
    let reset = db::resets::get(connection, code.reset()).await?;
    // One that is not there any more has been forgotten.
    let reset = reset.ok_or(Closed::Expired)?;
    reset.standing.open()?;
    Ok(reset)
}

fn count(state: &State, outcome: &Result<(), Error>) {
    let label = match outcome {
        Ok(()) => "done",
        Err(Error::Altered(_)) => "altered",
        Err(Error::Closed(_)) => "ended",
        Err(Error::Throttled(Refusal::TooEarly(_))) => "throttled",
        Err(_) => return,
    };
    state.metrics.resets.with_label_values(&[label]).inc();
}
