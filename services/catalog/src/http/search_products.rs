//! `GET /api/search`: a list with everything that helps to narrow it down.

use std::sync::Arc;

use axum::extract::State as FromState;
use chassis::{Json, Problem};
use contracts::Money;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    body::{ItemBody, ProblemBody},
    list_products::{self, ProductPage, not_found_by},
    list_query::ListQuery,
};
use crate::{
    assembly::State,
    db,
    facets::{self, Facets},
    listing::{self, Found},
};

/// What was found, and how it can be narrowed down.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchPage {
    items: Vec<ItemBody>,
    /// How many products match in all.
    total_count: i64,
    /// `after` of the next page; null on the last one.
    next: Option<String>,
    /// How many matching products each category has.
    categories: Vec<CategoryCountBody>,
    /// Of the matching products; null when there are none.
    price_range: Option<PriceRangeBody>,
    /// Attributes with their values; empty where more match than can be counted in time.
    facets: Vec<FacetBody>,
    /// Names of products that were perhaps meant; only when nothing matches.
    suggestions: Vec<String>,
    /// Whether names that are nearly the words were looked for, because nothing contains the words.
    approximate: bool,
    /// Whether a simpler search answers because the search engine is away.
    degraded: bool,
}

/// A category and how many matching products it has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryCountBody {
    slug: String,
    name: String,
    count: i64,
}

/// The lowest and the highest price.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceRangeBody {
    min: Money,
    max: Money,
}

/// An attribute with its values among the matching products.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FacetBody {
    /// As in `attr.<key>`.
    key: String,
    /// As people read it.
    label: String,
    /// The most frequent first.
    values: Vec<FacetValueBody>,
}

/// A value of an attribute and how many matching products have it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FacetValueBody {
    value: String,
    count: i64,
}

/// Search products.
///
/// Takes what `GET /api/products` takes.
#[utoipa::path(
    get,
    path = "/api/search",
    tag = "search",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    params(
        ("q" = Option<String>, Query, max_length = 200, description = "Words to find; nearly right ones find names."),
        ("category" = Option<String>, Query, description = "A category's slug."),
        ("minPrice" = Option<String>, Query, description = "Lowest price, in EUR."),
        ("maxPrice" = Option<String>, Query, description = "Highest price, in EUR."),
        ("vendor" = Option<String>, Query, description = "A vendor's id."),
        ("attr.<key>" = Option<String>, Query, description = "An attribute's value, such as attr.colour=Blue."),
        ("sort" = Option<String>, Query, description = "rank, newest, price, -price, name, or relevance (default with q)."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Products per page, 24 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "What was found", body = SearchPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn search_products(
    FromState(state): FromState<State>,
    query: ListQuery,
) -> Result<Json<SearchPage>, Problem> {
    let outcome = search(&state, &query).await;
    if query.filter.words.is_some() {
        state
            .metrics
            .searches
            .with_label_values(&[outcome_label(&outcome)])
            .inc();
    }
    outcome.map(Json)
}

async fn search(state: &State, query: &ListQuery) -> Result<SearchPage, Problem> {
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
    let page = list_products::page(state, &mut connection, query, &found).await?;
    let facets = state
        .facets
        .recall(
            &query.filter,
            facets::count(&mut connection, &query.filter, &found),
            |_| found.is_dear(),
        )
        .await?;
    let suggestions = suggestions(&mut connection, query, &found).await?;
    Ok(assemble(page, &facets, suggestions, &found))
}

async fn suggestions(
    connection: &mut PgConnection,
    query: &ListQuery,
    found: &Found,
) -> sqlx::Result<Vec<String>> {
    match &query.filter.words {
        Some(words) if found.total == 0 => db::products::similar_names(connection, words).await,
        _ => Ok(Vec::new()),
    }
}

fn assemble(
    page: ProductPage,
    facets: &Arc<Facets>,
    suggestions: Vec<String>,
    found: &Found,
) -> SearchPage {
    let categories = facets.categories.iter().map(|category| CategoryCountBody {
        slug: category.slug.clone(),
        name: category.name.clone(),
        count: category.count,
    });
    SearchPage {
        items: page.items,
        total_count: page.total_count,
        next: page.next,
        categories: categories.collect(),
        price_range: facets.prices.map(|(min, max)| PriceRangeBody { min, max }),
        facets: facets.attributes.iter().map(facet_body).collect(),
        suggestions,
        approximate: found.matching.fuzzy && found.total > 0,
        degraded: false,
    }
}

fn facet_body(facet: &facets::Facet) -> FacetBody {
    let values = facet.values.iter().map(|(value, count)| FacetValueBody {
        value: value.clone(),
        count: *count,
    });
    FacetBody {
        key: facet.key.clone(),
        label: facet.label.clone(),
        values: values.collect(),
    }
}

fn outcome_label(outcome: &Result<SearchPage, Problem>) -> &'static str {
    match outcome {
        Ok(page) if page.total_count == 0 => "zero",
        Ok(_) => "hit",
        Err(_) => "error",
    }
}
