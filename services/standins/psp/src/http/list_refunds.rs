//! `GET /v1/refunds`: all, or those of one intent or charge.

use axum::{
    Json,
    extract::{RawQuery, State as Extract},
};
use serde_json::Value;

use super::paging::Asked;
use crate::{assembly::State, db, domain, error::Error, parameters::Parameters};

pub(super) async fn list_refunds(
    Extract(state): Extract<State>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Error> {
    let mut parameters = Parameters::parse(query.unwrap_or_default().as_bytes())?;
    let mut asked = Asked::read(&mut parameters)?;
    let (intent, charge) = (parameters.take("payment_intent"), parameters.take("charge"));
    parameters.finish()?;
    let mut connection = state.database.acquire().await?;
    if let Some(id) = &asked.starting_after {
        let start = db::refunds::find(&mut connection, id).await?;
        let start = start.ok_or_else(|| Error::missing("refund", id, "starting_after"))?;
        asked.page.before = Some(start.position);
    }
    let mut refunds = db::refunds::page(
        &mut connection,
        intent.as_deref(),
        charge.as_deref(),
        &asked.page,
    )
    .await?;
    let has_more = asked.cut(&mut refunds);
    let data: Vec<Value> = refunds
        .iter()
        .map(domain::refund::Refund::to_json)
        .collect();
    Ok(Json(domain::list("/v1/refunds", &data, has_more)))
}
