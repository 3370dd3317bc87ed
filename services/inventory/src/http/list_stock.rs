//! `GET /api/inventory`: a vendor's stock, or for admins all of it, a page at a time.

use axum::extract::{RawQuery, State as FromState};
use chassis::{
    Json, Problem,
    auth::{Role, Vendor},
    query::ListQuery,
};
use contracts::StockId;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{ProblemBody, StockBody};
use crate::{
    assembly::State,
    db::{self, stock::Filter},
    domain::shelf::Level,
};

const DEFAULT_LIMIT: u8 = 50;

/// A page of stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct StockPage {
    items: Vec<StockBody>,
    /// `after` of the next page; null on the last one.
    next: Option<StockId>,
}

/// List stock.
///
/// A vendor sees their own, an admin everybody's. Pages follow one another by `after`, which is `next` of the page before.
#[utoipa::path(
    get,
    path = "/api/inventory",
    tag = "stock",
    extensions(("x-roles" = json!(chassis::auth::VENDORS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("productId" = Option<String>, Query, description = "Of this product only."),
        ("level" = Option<String>, Query, description = "Only what is `ok`, `low` or `out`."),
        ("q" = Option<String>, Query, max_length = 200, description = "A part of the product's name, or the beginning of a SKU."),
        ("warehouse" = Option<String>, Query, max_length = 80, description = "Only what lies there."),
        ("sort" = Option<String>, Query, description = "id (default) or name."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Entries per page, 50 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of stock", body = StockPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither vendor nor admin", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_stock(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    RawQuery(query): RawQuery,
) -> Result<Json<StockPage>, Problem> {
    let mut query = ListQuery::read(query.as_deref())?;
    let limit = query.limit(DEFAULT_LIMIT);
    let filter = Filter {
        vendor: (principal.role != Role::Admin).then_some(principal.user.into()),
        product: query.take("productId", |text| {
            text.parse().map_err(|_| "must be a product's id (a UUID)")
        }),
        level: query
            .take("level", |text| match text {
                "" => Ok(None),
                text => Level::from_name(text)
                    .map(Some)
                    .ok_or("must be ok, low or out"),
            })
            .flatten(),
        words: query.words("q", 200),
        warehouse: query.words("warehouse", 80),
        by_name: query.take("sort", |text| match text {
            "id" => Ok(false),
            "name" => Ok(true),
            _ => Err("must be id or name"),
        }) == Some(true),
        after: query.after(),
    };
    query.finish()?;
    let mut connection = state.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let mut shelves = db::stock::page(&mut connection, &filter, i64::from(limit) + 1).await?;
    let more = shelves.len() > usize::from(limit);
    shelves.truncate(usize::from(limit));
    let next = shelves.last().filter(|_| more).map(|last| last.id);
    let items = shelves.into_iter().map(StockBody::from).collect();
    Ok(Json(StockPage { items, next }))
}
