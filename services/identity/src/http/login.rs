//! `POST /api/users/login`: an address and a password for a session.
//!
//! Whether an address has an account is not told: the answer is the same, and takes as long, because a password is checked
//! either way.

use axum::{
    extract::State as FromState,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chassis::{Json, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, invalid},
    session::{self, Delivery, Granted, SessionBody, require_own_page},
};
use crate::{
    assembly::State,
    db,
    domain::{Rules, account::User, email, password::Password},
    hashing,
    problems::WRONG_CREDENTIALS,
    throttle::{Refusal, Throttle},
};

/// Who somebody says they are, and the proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schema(max_length = 254, example = "demo@example.com")]
    email: String,
    #[schema(value_type = String, max_length = 128, example = "Demo123!")]
    password: Password,
    /// `cookie` for a browser; tokens in the body unless given.
    #[serde(default)]
    session: Delivery,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("wrong address or password")]
    WrongCredentials,
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
            Error::WrongCredentials => Self::new(
                &WRONG_CREDENTIALS,
                "There is no account with this e-mail address and this password.",
            ),
            Error::Throttled(error) => error.into(),
            Error::Hashing(error) => error.into(),
            Error::NoDatabase(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

/// Log in.
#[utoipa::path(
    post,
    path = "/api/users/login",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    request_body = Login,
    responses(
        (status = 200, description = "A session", body = SessionBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The address or the password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Cookies were asked for by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures from here; Retry-After says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many people at this moment", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn login(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    Json(request): Json<Login>,
) -> Result<Response, Problem> {
    let delivery = request.session;
    require_own_page(&headers, delivery)?;
    let mut rules = Rules::default();
    let email = rules.keep(email::normalised("email", &request.email));
    let password = rules.keep(request.password.plausible("password"));
    let (Some(email), Some(password)) = (email, password) else {
        return Err(invalid(rules.violations()));
    };
    let outcome = prove(&state, &headers, &email, password).await;
    count(&state, &outcome);
    outcome?.answer(&state, StatusCode::OK, &headers, delivery)
}

async fn prove(
    state: &State,
    headers: &HeaderMap,
    email: &str,
    password: Password,
) -> Result<Granted, Error> {
    let mut connection = state.database.acquire().await?;
    let user = db::users::find(&mut connection, email).await?;
    let throttle = Throttle::of_login(
        &state.keys,
        headers,
        email,
        user.as_ref().map(|user| user.id),
    );
    throttle.require_turn(&mut connection).await?;
    let stored = stored_hash(&mut connection, user.as_ref()).await?;
    // Not held while the password is checked: that takes longer than everything else together.
    drop(connection);

    let right = state.hasher.verify(password, stored.clone()).await?;
    let Some(user) = user.filter(|_| right) else {
        throttle.note(&mut *state.database.acquire().await?).await?;
        return Err(Error::WrongCredentials);
    };
    let mut tx = state.database.begin().await?;
    // A password that was replaced while it was checked must not open a session that outlives it.
    let stored = stored.unwrap_or_default();
    if !db::users::keep_password(&mut tx, user.id, &stored).await? {
        return Err(Error::WrongCredentials);
    }
    throttle.succeeded(&mut tx).await?;
    let granted = session::begin(state, &mut tx, user).await?;
    tx.commit().await?;
    tracing::info!(user.id = %granted.user.id, session.id = %granted.session, "logged in");
    Ok(granted)
}

/// Asked for whether there is an account or not, for both to take as long.
async fn stored_hash(
    connection: &mut sqlx::PgConnection,
    user: Option<&User>,
) -> sqlx::Result<Option<String>> {
    let id = user.map_or(contracts::UserId(uuid::Uuid::nil()), |user| user.id);
    db::users::password_hash(connection, id).await
}

fn count(state: &State, outcome: &Result<Granted, Error>) {
    let label = match outcome {
        Ok(_) => "succeeded",
        Err(Error::WrongCredentials) => "refused",
        Err(Error::Throttled(Refusal::TooEarly(_))) => "throttled",
        Err(Error::Hashing(hashing::Error::Busy)) => "busy",
        Err(_) => return,
    };
    state.metrics.logins.with_label_values(&[label]).inc();
}
