//! `GET /api/products`: the public list, a page at a time.

use std::collections::HashMap;

use axum::{extract::State as FromState, response::Response};
use bytes::Bytes;
use chassis::{FieldError, Problem};
use contracts::ProductId;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{ItemBody, ProblemBody},
    list_query::ListQuery,
    sent::{json, to_send},
};
use crate::{
    assembly::State,
    db::{self, products::Item},
    domain::{
        cursor::{Cursor, Key},
        filter::Sort,
        product::Picture,
    },
    listing::{self, Found},
};

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductPage {
    pub(crate) items: Vec<ItemBody>,
    /// How many products match in all.
    pub(crate) total_count: i64,
    /// `after` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

/// List products.
///
/// Pages follow one another by `after`, which is `next` of the page before. A product that comes or goes in between
/// shifts no other one.
#[utoipa::path(
    get,
    path = "/api/products",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    params(
        ("category" = Option<String>, Query, description = "A category's slug."),
        ("q" = Option<String>, Query, max_length = 200, description = "Words to find in names and descriptions; nearly right ones find names."),
        ("minPrice" = Option<String>, Query, description = "Lowest price, in EUR, such as 12.30."),
        ("maxPrice" = Option<String>, Query, description = "Highest price, in EUR."),
        ("vendor" = Option<String>, Query, description = "A vendor's id."),
        ("attr.<key>" = Option<String>, Query, description = "An attribute's value, such as attr.colour=Blue. Values of one key are alternatives, keys go together."),
        ("sort" = Option<String>, Query, description = "rank (default, also called featured), newest, price, -price, name, or relevance (default with q)."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Products per page, 24 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of products", body = ProductPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_products(
    FromState(state): FromState<State>,
    query: ListQuery,
) -> Result<Response, Problem> {
    let sent = state.pages.recall(&query, list(&state, &query), |_| true);
    Ok(json(&*sent.await?))
}

async fn list(state: &State, query: &ListQuery) -> Result<Bytes, Problem> {
    let mut connection = state.database.acquire().await?;
    let found = state
        .listings
        .recall(
            &query.filter,
            listing::find(&mut connection, &query.filter),
            Found::is_dear,
        )
        .await
        .map_err(not_found_by)?;
    let page = page(state, &mut connection, query, &found).await?;
    Ok(to_send(&page))
}

/// One page of what was found.
pub(super) async fn page(
    state: &State,
    connection: &mut PgConnection,
    query: &ListQuery,
    found: &Found,
) -> Result<ProductPage, Problem> {
    let limit = usize::from(query.limit);
    let after = query.after.clone().map(Cursor::parts).unwrap_or_default();
    // One more than asked for tells whether there is a next page.
    let mut items = db::products::page(
        connection,
        &found.matching,
        query.sort,
        &after,
        i64::from(query.limit) + 1,
    )
    .await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| cursor_behind(last, query.sort).encode(&query.filter, query.sort));
    let ids: Vec<Uuid> = items.iter().map(|item| item.id.0).collect();
    let mut images = by_product(db::pictures::of_products(connection, &ids).await?);
    let items = items.into_iter().map(|item| {
        let own = images.remove(&item.id).unwrap_or_default();
        ItemBody::new(item, &own, &state.pictures)
    });
    Ok(ProductPage {
        items: items.collect(),
        total_count: found.total,
        next,
    })
}

fn cursor_behind(item: &Item, sort: Sort) -> Cursor {
    let key = match sort {
        Sort::Rank => Key::Number(i64::from(item.rank)),
        Sort::Newest => Key::Time(item.created_at.timestamp_micros()),
        Sort::Price | Sort::PriceDescending => Key::Number(item.price_minor),
        Sort::Name => Key::Text(item.sort_name.clone()),
        Sort::Relevance => Key::Number(item.score),
    };
    Cursor { key, id: item.id }
}

fn by_product(shown: Vec<db::pictures::Shown>) -> HashMap<ProductId, Vec<Picture>> {
    let mut pictures: HashMap<ProductId, Vec<Picture>> = HashMap::new();
    for (product, picture) in shown.into_iter().map(db::pictures::Shown::split) {
        pictures.entry(product).or_default().push(picture);
    }
    pictures
}

pub(super) fn not_found_by(error: listing::Error) -> Problem {
    match error {
        listing::Error::UnknownCategory(slug) => Problem::invalid(vec![FieldError::new(
            "category",
            format!("there is no category {slug:?}; GET /api/categories lists them"),
        )]),
        listing::Error::Database(error) => error.into(),
    }
}
