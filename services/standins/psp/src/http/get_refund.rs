//! `GET /v1/refunds/{id}`

use axum::{
    Json,
    extract::{Path, State as Extract},
};
use serde_json::Value;

use crate::{assembly::State, db, error::Error};

pub(super) async fn get_refund(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    let mut connection = state.database.acquire().await?;
    let found = db::refunds::find(&mut connection, &id).await?;
    let found = found.ok_or_else(|| Error::missing("refund", &id, "refund"))?;
    Ok(Json(found.to_json()))
}
