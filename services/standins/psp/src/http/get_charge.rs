//! `GET /v1/charges/{id}`

use axum::{
    Json,
    extract::{Path, State as Extract},
};
use serde_json::Value;

use crate::{assembly::State, db, error::Error};

pub(super) async fn get_charge(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    let mut connection = state.database.acquire().await?;
    let found = db::charges::find(&mut connection, &id).await?;
    let found = found.ok_or_else(|| Error::missing("charge", &id, "charge"))?;
    Ok(Json(found.to_json()))
}
