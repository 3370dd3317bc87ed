//! `GET /v1/events`: everything that happened, also what no webhook has told yet.

use axum::{
    Json,
    extract::{RawQuery, State as Extract},
};
use serde_json::Value;

use super::paging::Asked;
use crate::{assembly::State, db, domain, error::Error, parameters::Parameters};

pub(super) async fn list_events(
    Extract(state): Extract<State>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Error> {
    let mut parameters = Parameters::parse(query.unwrap_or_default().as_bytes())?;
    let mut asked = Asked::read(&mut parameters)?;
    let kind = parameters.take("type");
    parameters.finish()?;
    let mut connection = state.database.acquire().await?;
    if let Some(id) = &asked.starting_after {
        let start = db::events::find(&mut connection, id).await?;
        let start = start.ok_or_else(|| Error::missing("event", id, "starting_after"))?;
        asked.page.before = Some(start.position);
    }
    let mut events = db::events::page(&mut connection, kind.as_deref(), &asked.page).await?;
    let has_more = asked.cut(&mut events);
    let data: Vec<Value> = events.iter().map(domain::event::Event::to_json).collect();
    Ok(Json(domain::list("/v1/events", &data, has_more)))
}
