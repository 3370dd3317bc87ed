//! `GET /api/vendor/products/{product}`: a product as those see it who may change it, archived or not.

use axum::{
    extract::{Path, State as FromState},
    http::header,
    response::{IntoResponse as _, Response},
};
use chassis::{Json, Problem, auth::Vendor};

use super::{
    body::{ProblemBody, ProductBody, entity_tag},
    get_product::{self, no_such_product},
    update_product::require_own,
};
use crate::assembly::State;

/// Get a product that I sell.
///
/// Needs to be its vendor, or an admin.
#[utoipa::path(
    get,
    path = "/api/vendor/products/{product}",
    tag = "vendors",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("product" = String, Path, description = "Its id or its slug.")),
    responses(
        (status = 200, description = "The product; `ETag` is its version", body = ProductBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_own_product(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(product): Path<String>,
) -> Result<Response, Problem> {
    let mut connection = state.database.acquire().await?;
    let product = get_product::find(&mut connection, &product)
        .await?
        .ok_or_else(no_such_product)?;
    require_own(principal, &product)?;
    let product = get_product::load(&mut connection, product).await?;
    let tag = [(header::ETAG, entity_tag(product.version))];
    Ok((tag, Json(ProductBody::new(product, &state.pictures))).into_response())
}
