//! `GET /api/products/{id or slug}`: everything about one product.

use axum::{
    extract::{Path, State as FromState},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::{Problem, problem::NOT_FOUND};
use contracts::ProductId;
use sqlx::PgConnection;

use super::{
    body::{ProblemBody, ProductBody, entity_tag},
    sent::{Sent, json, to_send},
};
use crate::{
    assembly::State,
    db,
    domain::product::{Product, Status},
};

/// Get a product.
///
/// Archived products are gone for the public. `If-None-Match` with the last `ETag` saves the body.
#[utoipa::path(
    get,
    path = "/api/products/{product}",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    params(("product" = String, Path, description = "Its id or its slug.")),
    responses(
        (status = 200, description = "The product; `ETag` is its version", body = ProductBody),
        (status = 304, description = "Not changed since the version in If-None-Match"),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_product(
    FromState(state): FromState<State>,
    Path(product): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sent = state
        .products
        .recall(&product, shown(&state, &product), Option::is_some);
    let sent = sent.await?;
    let Sent { tag, body } = sent.as_ref().as_ref().ok_or_else(no_such_product)?;
    if matches(&headers, tag) {
        return Ok((StatusCode::NOT_MODIFIED, cache_headers(tag)).into_response());
    }
    Ok((cache_headers(tag), json(body)).into_response())
}

/// The product, if the public may see it.
async fn shown(state: &State, text: &str) -> Result<Option<Sent>, Problem> {
    let mut connection = state.database.acquire().await?;
    let product = find(&mut connection, text).await?;
    let Some(product) = product.filter(|product| product.status == Status::Active) else {
        return Ok(None);
    };
    let tag = entity_tag(product.version);
    let product = load(&mut connection, product).await?;
    let body = to_send(&ProductBody::new(product, &state.pictures));
    Ok(Some(Sent { tag, body }))
}

/// By its id when the text is one, else by its slug.
pub(super) async fn find(
    connection: &mut PgConnection,
    text: &str,
) -> sqlx::Result<Option<Product>> {
    match text.parse::<ProductId>() {
        Ok(id) => db::products::get(connection, Some(id), None).await,
        Err(_) if text.contains('\0') => Ok(None),
        Err(_) => db::products::get(connection, None, Some(text)).await,
    }
}

/// With its variants and pictures.
pub(crate) async fn load(
    connection: &mut PgConnection,
    mut product: Product,
) -> sqlx::Result<Product> {
    product.variants = db::variants::list(connection, product.id).await?;
    let pictures = db::pictures::of_products(connection, &[product.id.0]).await?;
    product.pictures = pictures.into_iter().map(|shown| shown.split().1).collect();
    Ok(product)
}

pub(super) fn no_such_product() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such product.")
}

/// May be kept, but has to be checked each time: a price must not be an hour old.
fn cache_headers(tag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, no-cache"),
    );
    headers.insert(
        header::ETAG,
        HeaderValue::from_str(tag).expect("BUG: a tag is ASCII"),
    );
    headers
}

/// `If-None-Match` is a list of tags, each perhaps marked as weak, or a star.
fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    given
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}
