//! `GET /v1/payment_intents/{id}`

use axum::{
    Json,
    extract::{Path, RawQuery, State as Extract},
};
use serde_json::Value;

use super::expansion;
use crate::{assembly::State, db, error::Error, parameters::Parameters};

pub(super) async fn get_payment_intent(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Error> {
    let mut parameters = Parameters::parse(query.unwrap_or_default().as_bytes())?;
    let expand = parameters.take_expand("latest_charge")?;
    parameters.take("client_secret");
    parameters.finish()?;
    let mut connection = state.database.acquire().await?;
    let intent = db::intents::find(&mut connection, &id).await?;
    let intent = intent.ok_or_else(|| Error::missing("payment_intent", &id, "intent"))?;
    Ok(Json(
        expansion::intent(&mut connection, &intent, expand).await?,
    ))
}
