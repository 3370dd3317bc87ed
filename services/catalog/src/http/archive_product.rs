//! `DELETE /api/products/{product}`: a vendor takes a product out of the shop. Orders that hold it keep it.

use axum::{
    extract::{Path, State as FromState},
    http::StatusCode,
};
use chassis::{Problem, auth::Vendor};

use super::{
    audited,
    body::ProblemBody,
    get_product::{self, no_such_product},
    update_product::own,
};
use crate::{
    assembly::State,
    db,
    domain::product::{Product, Status},
    events,
};

/// Archive a product.
///
/// Needs to be its vendor, or an admin.
#[utoipa::path(
    delete,
    path = "/api/products/{product}",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("product" = String, Path, description = "Its id or its slug.")),
    responses(
        (status = 204, description = "It is out of the shop"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product, or it is out of the shop already", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn archive_product(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(product): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.database.begin().await?;
    let product = own(&mut tx, principal, &product).await?;
    let before = get_product::load(&mut tx, product).await?;
    let version = db::products::archive(&mut tx, before.id)
        .await?
        .ok_or_else(no_such_product)?;
    events::publish_archived(&mut tx, before.id, version).await?;
    let after = Product {
        status: Status::Archived,
        version,
        ..before.clone()
    };
    audited::record(&mut tx, principal, "archive_product", Some(&before), &after).await?;
    tx.commit().await?;
    state.changed();
    Ok(StatusCode::NO_CONTENT)
}
