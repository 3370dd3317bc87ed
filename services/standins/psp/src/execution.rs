//! What surrounds every operation that changes something: its idempotency key, its faults, its one transaction.
//!
//! An operation runs in a task of its own. A client that hangs up does not stop it, as it would not stop a real provider.

mod claims;
mod operation;

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::clock;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::{
    assembly::State,
    connection::Fate,
    db::{self, idempotency_keys::Use},
    error::Error,
    faults::{Fault, Faults},
    http::Call,
    knobs::Knobs,
};

pub(crate) use claims::Claims;
pub(crate) use operation::Operation;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const ORIGINAL_REQUEST: HeaderName = HeaderName::from_static("original-request");

/// The time, for what is stored.
pub(crate) fn now() -> DateTime<Utc> {
    clock::now()
}

/// What an operation sees of the request that it belongs to.
pub(crate) struct Scene {
    pub(crate) now: DateTime<Utc>,
    pub(crate) knobs: Arc<Knobs>,
    pub(crate) faults: Faults,
    pub(crate) request_id: Option<String>,
    pub(crate) key: Option<String>,
    /// Whether there is somebody to tell events to.
    pub(crate) webhooks: bool,
    /// What went wrong; counted after the commit.
    pub(crate) struck: Vec<Fault>,
}

/// An answer as it is sent and kept.
struct Answer {
    status: StatusCode,
    body: String,
    /// The request that it was first given to, if it is a repetition.
    replayed: Option<String>,
    fate: Fate,
}

impl Answer {
    fn new(outcome: Result<serde_json::Value, Error>) -> Self {
        let (status, document) = match outcome {
            Ok(object) => (StatusCode::OK, object),
            Err(error) => (error.status, error.to_json()),
        };
        Self {
            status,
            body: document.to_string(),
            replayed: None,
            fate: Fate::default(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(original) = &self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
            if let Ok(id) = HeaderValue::from_str(original) {
                headers.insert(ORIGINAL_REQUEST, id);
            }
        }
        let mut response = (self.status, headers, self.body).into_response();
        response.extensions_mut().insert(self.fate);
        response
    }
}

/// Does it, once for each key.
pub(crate) async fn execute(state: State, call: Call, operation: Operation) -> Response {
    let tasks = state.tasks.clone();
    let task = tasks.spawn(async move { run(&state, &call, operation).await });
    match task.await {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => Error::internal().into_response(),
    }
}

async fn run(state: &State, call: &Call, operation: Operation) -> Result<Answer, Error> {
    let knobs = state.faults.knobs().await?;
    // Held to the end of this function: beyond the commit.
    let _claim = match &call.key {
        None => None,
        Some(key) => match state.claims.take(key) {
            Some(claim) => Some(claim),
            None => return in_use(state, key).await,
        },
    };
    state.faults.lag(&knobs).await;
    if state.faults.strikes(knobs.error_rate_before_apply) {
        state.faults.happened(&[Fault::ErrorBeforeApply]).await;
        return Err(Error::internal());
    }
    let mut scene = Scene {
        now: now(),
        knobs,
        faults: state.faults.clone(),
        request_id: Some(call.request_id.clone()),
        key: call.key.clone(),
        webhooks: state.webhooks_configured,
        struck: Vec::new(),
    };
    let mut transaction = state.database.begin().await?;
    if let Some(key) = &call.key {
        match take_key(&mut transaction, &scene, call, key).await {
            Ok(None) => {}
            Ok(Some(answer)) => return answer,
            // Another process holds the key.
            Err(error) if is_lock_timeout(&error) => {
                drop(transaction);
                return in_use(state, key).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let outcome = operation.run(&mut transaction, &mut scene).await?;
    let answer = spoil(Answer::new(outcome), &mut scene);
    if let Some(key) = &call.key {
        let kept = answer.kept.as_ref().unwrap_or(&answer.sent);
        let status = i16::try_from(kept.status.as_u16()).unwrap_or(i16::MAX);
        db::idempotency_keys::keep(&mut transaction, key, status, &kept.body).await?;
    }
    transaction.commit().await?;
    state.wake.wake();
    state.faults.happened(&scene.struck).await;
    Ok(answer.sent)
}

async fn in_use(state: &State, key: &str) -> Result<Answer, Error> {
    state.faults.happened(&[Fault::KeyInUse]).await;
    Err(Error::key_in_use(key))
}

/// None when the key is now this request's; else what the key answers.
async fn take_key(
    connection: &mut PgConnection,
    scene: &Scene,
    call: &Call,
    key: &str,
) -> sqlx::Result<Option<Result<Answer, Error>>> {
    let remembered = i64::try_from(scene.knobs.idempotency_key_seconds).unwrap_or(i64::MAX);
    db::idempotency_keys::forget_if_older(
        connection,
        key,
        scene.now - TimeDelta::seconds(remembered),
    )
    .await?;
    let usage = Use {
        key,
        request_id: &call.request_id,
        path: &call.path,
        fingerprint: &call.fingerprint,
    };
    if db::idempotency_keys::take(connection, &usage).await? {
        return Ok(None);
    }
    let kept = db::idempotency_keys::find(connection, key)
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    let otherwise =
        format!("Try using a key other than '{key}' if you meant to execute a different request.");
    if kept.path != call.path {
        return Ok(Some(Err(Error::key_reused(format!(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{}' vs '{}'). {otherwise}",
            call.path, kept.path
        )))));
    }
    if kept.fingerprint != call.fingerprint {
        return Ok(Some(Err(Error::key_reused(format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. {otherwise}"
        )))));
    }
    let status = kept.status.and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    Ok(Some(match (status, kept.body) {
        (Some(status), Some(body)) => Ok(Answer {
            status,
            body,
            replayed: Some(kept.request_id),
            fate: Fate::default(),
        }),
        _ => Err(Error::key_in_use(key)),
    }))
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "55P03")
}

/// What is sent, and what the key answers from then on if that is something else.
struct Spoiled {
    sent: Answer,
    kept: Option<Answer>,
}

/// The faults after the effect.
fn spoil(answer: Answer, scene: &mut Scene) -> Spoiled {
    let knobs = Arc::clone(&scene.knobs);
    let mut spoiled = if scene.faults.strikes(knobs.error_rate_after_apply) {
        scene.struck.push(Fault::ErrorAfterApply);
        let kept = (!knobs.keep_error_after_apply).then_some(answer);
        Spoiled {
            sent: Answer::new(Err(Error::internal())),
            kept,
        }
    } else {
        Spoiled {
            sent: answer,
            kept: None,
        }
    };
    if knobs.hang_ms > 0 && scene.faults.strikes(knobs.hang_rate) {
        scene.struck.push(Fault::Hang);
        spoiled.sent.fate.hold = std::time::Duration::from_millis(knobs.hang_ms);
    }
    if scene.faults.strikes(knobs.drop_answer_rate) {
        scene.struck.push(Fault::AnswerDropped);
        spoiled.sent.fate.dropped = true;
    }
    spoiled
}
