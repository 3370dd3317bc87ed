//! `GET /v1/events/{id}`

use axum::{
    Json,
    extract::{Path, State as Extract},
};
use serde_json::Value;

use crate::{assembly::State, db, error::Error};

pub(super) async fn get_event(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    let mut connection = state.database.acquire().await?;
    let found = db::events::find(&mut connection, &id).await?;
    let found = found.ok_or_else(|| Error::missing("event", &id, "id"))?;
    Ok(Json(found.to_json()))
}
