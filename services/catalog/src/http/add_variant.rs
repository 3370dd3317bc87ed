//! `POST /api/products/{product}/variants`: a vendor sells a product in one more form.

use axum::{
    extract::{Path, State as FromState},
    http::StatusCode,
};
use chassis::{Json, Problem, auth::Vendor, database::OnConstraint as _, problem::CONFLICT};

use super::{
    audited,
    body::{ProblemBody, ProductBody, field_errors},
    create_product::{CreateVariant, Error},
    get_product,
    update_product::{self, own},
};
use crate::{
    assembly::State,
    db,
    domain::draft::{MAX_VARIANTS, VariantDraft},
};

/// Add a variant.
///
/// Needs to be the product's vendor, or an admin. It comes behind those that are there.
#[utoipa::path(
    post,
    path = "/api/products/{product}/variants",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("product" = String, Path, description = "Its id or its slug.")),
    request_body = CreateVariant,
    responses(
        (status = 201, description = "The product with its variants", body = ProductBody),
        (status = 400, description = "A field is missing, unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The SKU is in use, or the product has a hundred variants", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_variant(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(product): Path<String>,
    Json(request): Json<CreateVariant>,
) -> Result<(StatusCode, Json<ProductBody>), Problem> {
    let mut tx = state.database.begin().await?;
    let product = own(&mut tx, principal, &product).await?;
    let before = get_product::load(&mut tx, product).await?;
    let draft = VariantDraft::check(request.into(), before.price.currency)
        .map_err(|violations| Problem::invalid(field_errors(violations)))?;
    if before.variants.len() >= MAX_VARIANTS {
        let detail = format!("A product may have {MAX_VARIANTS} variants.");
        return Err(Problem::new(&CONFLICT, detail));
    }
    // None is ever removed, and the product is locked: their number is the next position.
    let position = i32::try_from(before.variants.len()).unwrap_or(i32::MAX);
    let inserted = db::variants::insert(&mut tx, before.id, position, &draft).await;
    inserted.on_constraint("variants_sku_key", || Error::SkuTaken)?;
    let after = get_product::load(&mut tx, before.clone()).await?;
    let after = update_product::store(&mut tx, after).await?;
    audited::record(&mut tx, principal, "add_variant", Some(&before), &after).await?;
    tx.commit().await?;
    state.changed();
    Ok((
        StatusCode::CREATED,
        Json(ProductBody::new(after, &state.pictures)),
    ))
}
