//! `GET /.well-known/revocations`: the sessions whose access tokens must not count any more, for the other services.
//!
//! The chassis of each service asks for what is new when it verifies a token, at most twice a second. The edge does not pass
//! this address on; the ids alone are of no use to anybody.

use axum::{
    extract::{RawQuery, State as FromState},
    http::header,
    response::{IntoResponse as _, Response},
};
use chassis::{FieldError, Json, Problem, auth::RevocationList};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{assembly::State, db};

/// A session that ended this much before the last question may not have been visible to it: its transaction was still open.
/// Longer than any transaction of ours may last.
const OVERLAP: TimeDelta = TimeDelta::seconds(20);
/// Clocks of two machines may differ, and verifiers are lenient by as much.
const LEEWAY_S: u64 = 60;

pub(crate) async fn revocations(
    FromState(state): FromState<State>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let after = after(query.as_deref().unwrap_or_default())?;
    // A session that ended longer ago has no access token that has not run out by itself.
    let lifetime = state.config.tokens.access_lifetime_s + LEEWAY_S;
    let mut connection = state.database.acquire().await?;
    let (sessions, now) = db::sessions::ended_since(
        &mut connection,
        after.map(|after| after - OVERLAP),
        std::time::Duration::from_secs(lifetime).as_secs_f64(),
    )
    .await?;
    let list = RevocationList {
        sessions,
        next: now.timestamp_micros().to_string(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(list)).into_response())
}

/// The one parameter: `next` of the answer before.
fn after(query: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(value) = query.strip_prefix("after=") else {
        return Ok(None);
    };
    let time = value
        .parse()
        .ok()
        .and_then(DateTime::from_timestamp_micros)
        .filter(|time| time.timestamp() > 0);
    let message = "must be `next` of the answer before";
    time.map(Some)
        .ok_or_else(|| Problem::invalid(vec![FieldError::new("after", message)]))
}
