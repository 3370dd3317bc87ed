//! The simulator's own API, for tests and checkers: what should go wrong, what went wrong, and where the money is.
//!
//! It is not authenticated, as it holds no secret. It is not for browsers either: a page of another site must not be able
//! to forget the books of a developer's machine.

use axum::{
    Router,
    extract::{Query, Request, State as Extract, rejection::QueryRejection},
    http::header,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use chassis::{FieldError, Json, Problem, problem::FORBIDDEN};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    assembly::State,
    db,
    faults::Fault,
    knobs::{Knobs, Setting},
};

const MAX_ENTRIES: i64 = 1_000;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/knobs", get(get_knobs).put(put_knobs).delete(delete_knobs))
        .route("/ledger", get(ledger))
        .route("/statistics", get(statistics))
        .route("/reset", post(reset))
        .layer(middleware::from_fn(not_for_browsers))
}

async fn not_for_browsers(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return Problem::new(&FORBIDDEN, "This address is not for pages in a browser.")
            .into_response();
    }
    next.run(request).await
}

async fn get_knobs(Extract(state): Extract<State>) -> Result<Json<Knobs>, Problem> {
    Ok(Json(state.faults.knobs().await?.as_ref().clone()))
}

async fn put_knobs(
    Extract(state): Extract<State>,
    Json(setting): Json<Setting>,
) -> Result<Json<Knobs>, Problem> {
    let knobs = setting
        .over(state.faults.configured())
        .map_err(Problem::invalid)?;
    let value = serde_json::to_value(&knobs).map_err(Problem::internal)?;
    let mut connection = state.database.acquire().await?;
    db::knobs::store(&mut connection, &value).await?;
    tracing::info!(knobs = %value, "the fault knobs are set");
    Ok(Json(state.faults.put(knobs).as_ref().clone()))
}

async fn delete_knobs(Extract(state): Extract<State>) -> Result<Json<Knobs>, Problem> {
    let mut connection = state.database.acquire().await?;
    db::knobs::remove(&mut connection).await?;
    tracing::info!("the fault knobs are as configured");
    Ok(Json(
        state
            .faults
            .put(state.faults.configured().clone())
            .as_ref()
            .clone(),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
}

/// Every movement of money, oldest first.
async fn ledger(
    Extract(state): Extract<State>,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|rejection| {
        Problem::invalid(vec![FieldError::new("query", rejection.body_text())])
    })?;
    let limit = query.limit.unwrap_or(MAX_ENTRIES);
    if !(1..=MAX_ENTRIES).contains(&limit) {
        let message = format!("{limit} is out of bounds: expected 1 to {MAX_ENTRIES}");
        return Err(Problem::invalid(vec![FieldError::new("limit", message)]));
    }
    let mut connection = state.database.acquire().await?;
    let mut entries = db::ledger::after(&mut connection, query.after, limit + 1).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = entries.len() > shown;
    entries.truncate(shown);
    Ok(Json(json!({ "entries": entries, "hasMore": has_more })))
}

async fn statistics(Extract(state): Extract<State>) -> Result<Json<Value>, Problem> {
    let mut connection = state.database.acquire().await?;
    let mut faults: Map<String, Value> = Fault::ALL
        .iter()
        .map(|fault| (fault.name().to_owned(), 0.into()))
        .collect();
    for (fault, count) in db::fault_counts::all(&mut connection).await? {
        faults.insert(fault, count.into());
    }
    Ok(Json(json!({
        "faults": faults,
        "ledger": db::ledger::totals(&mut connection).await?,
        "paymentIntents": db::intents::count_by_status(&mut connection).await?,
        "webhooks": db::deliveries::totals(&mut connection).await?,
    })))
}

/// Forgets everything: intents, money, keys, events, knobs, counts.
async fn reset(Extract(state): Extract<State>) -> Result<Json<Value>, Problem> {
    let mut connection = state.database.acquire().await?;
    db::simulator::empty(&mut connection).await?;
    state.faults.put(state.faults.configured().clone());
    tracing::info!("everything is forgotten");
    Ok(Json(json!({ "reset": true })))
}
