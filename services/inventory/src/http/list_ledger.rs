//! `GET /api/inventory/{stock}/ledger`: how a stock came to be as it is, newest first.

use axum::extract::{Path, RawQuery, State as FromState};
use chassis::{Json, Problem, auth::Vendor, query::ListQuery};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{ProblemBody, StockBody, no_such_stock, require_own, stock_id};
use crate::{
    assembly::State,
    db::{self, ledger::Entry},
};

const DEFAULT_LIMIT: u8 = 50;

/// One change of a stock.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryBody {
    id: i64,
    at: DateTime<Utc>,
    /// Units that came, or, if negative, went.
    on_hand_change: i64,
    /// Units that were reserved, or, if negative, set free.
    reserved_change: i64,
    /// `restock`, `adjustment`, `hold`, `commit`, `release`, `expiry` or `return`.
    reason: String,
    /// The order or the request that it was for.
    reference: Uuid,
    /// What somebody said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            on_hand_change: entry.d_on_hand,
            reserved_change: entry.d_reserved,
            reason: entry.reason,
            reference: entry.reference,
            note: entry.note,
        }
    }
}

/// A page of the ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct LedgerPage {
    /// What the changes add up to.
    stock: StockBody,
    items: Vec<EntryBody>,
    /// `after` of the next page; null on the last one.
    next: Option<i64>,
}

/// List the changes of a stock.
///
/// Needs to be the vendor of its product, or an admin. Newest first; the changes add up to the stock.
#[utoipa::path(
    get,
    path = "/api/inventory/{stock}/ledger",
    tag = "stock",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("stock" = String, Path, description = "The stock's id."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Entries per page, 50 unless said."),
        ("after" = Option<i64>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of the ledger", body = LedgerPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither vendor nor admin, or somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such stock", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_ledger(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<LedgerPage>, Problem> {
    let id = stock_id(&id)?;
    let mut connection = state.database.acquire().await?;
    let shelf = db::stock::find(&mut connection, id)
        .await?
        .ok_or_else(no_such_stock)?;
    require_own(principal, shelf.facts.vendor_id)?;
    let mut query = ListQuery::read(query.as_deref())?;
    let limit = query.limit(DEFAULT_LIMIT);
    let after = query.after();
    query.finish()?;
    let mut entries = db::ledger::page(&mut connection, id, after, i64::from(limit) + 1).await?;
    let more = entries.len() > usize::from(limit);
    entries.truncate(usize::from(limit));
    let next = entries.last().filter(|_| more).map(|last| last.id);
    let items = entries.into_iter().map(EntryBody::from).collect();
    Ok(Json(LedgerPage {
        stock: shelf.into(),
        items,
        next,
    }))
}
