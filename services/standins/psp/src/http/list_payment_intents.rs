//! `GET /v1/payment_intents`: newest first; what a reconciler compares its own books with.

use axum::{
    Json,
    extract::{RawQuery, State as Extract},
};
use serde_json::Value;

use super::{expansion, paging::Asked};
use crate::{assembly::State, db, domain, error::Error, parameters::Parameters};

pub(super) async fn list_payment_intents(
    Extract(state): Extract<State>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Error> {
    let mut parameters = Parameters::parse(query.unwrap_or_default().as_bytes())?;
    let mut asked = Asked::read(&mut parameters)?;
    let expand = parameters.take_expand("data.latest_charge")?;
    parameters.finish()?;
    let mut connection = state.database.acquire().await?;
    if let Some(id) = &asked.starting_after {
        let start = db::intents::find(&mut connection, id).await?;
        let start = start.ok_or_else(|| Error::missing("payment_intent", id, "starting_after"))?;
        asked.page.before = Some(start.position);
    }
    let mut intents = db::intents::page(&mut connection, &asked.page).await?;
    let has_more = asked.cut(&mut intents);
    let data = expansion::intents(&mut connection, &intents, expand).await?;
    Ok(Json(domain::list("/v1/payment_intents", &data, has_more)))
}
