//! `POST /api/users/register`: somebody gets an account, and is signed in to it.

use axum::{
    extract::State as FromState,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use chassis::{FieldError, Json, Problem};
use serde::Deserialize;
use sqlx::Connection as _;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, invalid},
    session::{self, Delivery, Granted, SessionBody, require_own_page},
};
use crate::{
    assembly::State,
    db::{
        self,
        users::{InsertError, NewUser},
    },
    domain::{
        account::{CONSENT_VERSION, Draft, Wish},
        password::Password,
    },
    events, hashing,
    problems::EMAIL_TAKEN,
    throttle::{Refusal, Throttle},
};

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Register {
    #[schema(max_length = 254, example = "demo@example.com")]
    email: String,
    /// Any characters; the most common passwords are refused.
    #[schema(value_type = String, min_length = 8, max_length = 128, example = "Demo123!")]
    password: Password,
    #[schema(min_length = 1, max_length = 80, example = "Demo")]
    first_name: String,
    #[schema(min_length = 1, max_length = 80, example = "User")]
    last_name: String,
    /// `customer` (unless given) or `vendor`.
    role: Option<String>,
    /// Whether they agree to the processing of their data; must be true. Time and text are recorded.
    gdpr_consent: bool,
    /// `cookie` for a browser; tokens in the body unless given.
    #[serde(default)]
    session: Delivery,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the address is taken")]
    EmailTaken,
    #[error(transparent)]
    Throttled(#[from] Refusal),
    #[error(transparent)]
    Hashing(#[from] hashing::Error),
    #[error("no connection")]
    NoDatabase(#[from] chassis::database::Unavailable),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<InsertError> for Error {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::EmailTaken => Self::EmailTaken,
            InsertError::Database(error) => Self::Database(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::EmailTaken => Self {
                errors: vec![FieldError::new("email", "is already in use")],
                ..Self::new(
                    &EMAIL_TAKEN,
                    "There is an account with this e-mail address: log in, or use another one.",
                )
            },
            Error::Throttled(error) => error.into(),
            Error::Hashing(error) => error.into(),
            Error::NoDatabase(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

/// Register.
///
/// That an address is taken can be found out here; a client that asks often is slowed down.
#[utoipa::path(
    post,
    path = "/api/users/register",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    request_body = Register,
    responses(
        (status = 201, description = "The account, signed in", body = SessionBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Cookies were asked for by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is an account with this address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many registrations from here", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many people at this moment", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    Json(request): Json<Register>,
) -> Result<Response, Problem> {
    let delivery = request.session;
    require_own_page(&headers, delivery)?;
    let draft = Draft::try_from(Wish::from(request)).map_err(invalid)?;
    let limit = state.config.registrations_per_client;
    let throttle = Throttle::of_registration(&state.keys, &headers, limit);
    let outcome = open_account(&state, draft, &throttle).await;
    count(&state, &outcome);
    let granted = outcome?;
    let location = format!("/api/users/{}", granted.user.id);
    let mut response = granted.answer(&state, StatusCode::CREATED, &headers, delivery)?;
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

impl From<Register> for Wish {
    fn from(request: Register) -> Self {
        Self {
            email: request.email,
            password: request.password,
            first_name: request.first_name,
            last_name: request.last_name,
            role: request.role,
            gdpr_consent: request.gdpr_consent,
        }
    }
}

async fn open_account(state: &State, draft: Draft, throttle: &Throttle) -> Result<Granted, Error> {
    let mut connection = state.database.acquire().await?;
    throttle.require_turn(&mut connection).await?;
    // Not held while the password is hashed: that takes longer than everything else together.
    drop(connection);
    let password_hash = state.hasher.hash(draft.password).await?;
    let mut connection = state.database.acquire().await?;
    // On its own: it counts also where the address turns out to be taken.
    throttle.note(&mut connection).await?;
    let mut tx = connection.begin().await?;
    let user = NewUser {
        email: &draft.email,
        first_name: &draft.first_name,
        last_name: &draft.last_name,
        password_hash: &password_hash,
        role: draft.role,
        consent_version: Some(CONSENT_VERSION),
    };
    let user = db::users::insert(&mut tx, &user).await?;
    events::publish_registered(&mut tx, &user).await?;
    let granted = session::begin(state, &mut tx, user).await?;
    tx.commit().await?;
    state.wake_outbox();
    tracing::info!(user.id = %granted.user.id, "registered");
    Ok(granted)
}

fn count(state: &State, outcome: &Result<Granted, Error>) {
    let label = match outcome {
        Ok(_) => "registered",
        Err(Error::EmailTaken) => "taken",
        Err(Error::Throttled(Refusal::TooEarly(_))) => "throttled",
        Err(Error::Hashing(hashing::Error::Busy)) => "busy",
        Err(_) => return,
    };
    state
        .metrics
        .registrations
        .with_label_values(&[label])
        .inc();
}
