//! `PUT /api/products/{product}/variants/{variant}`: a vendor renames a form of a product, or asks another price for it.

use std::collections::BTreeMap;

use axum::extract::{Path, State as FromState};
use chassis::{Json, Problem, auth::Vendor, problem::NOT_FOUND};
use contracts::{Amount, VariantId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    audited,
    body::{ProblemBody, ProductBody, field_errors},
    get_product,
    update_product::{self, own, require_version},
};
use crate::{
    assembly::State,
    db,
    domain::draft::{VariantDraft, VariantWish},
};

/// What a variant shall be; its SKU stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateVariant {
    /// The product's version that the change was made from.
    version: i64,
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Where it differs from the product's; left out, it costs what the product costs.
    price: Option<Amount>,
    /// What distinguishes it: `colour` → `Green`.
    #[serde(default)]
    options: BTreeMap<String, String>,
}

/// Change a variant.
///
/// Needs to be the product's vendor, or an admin. `version` must be the product's that was seen.
#[utoipa::path(
    put,
    path = "/api/products/{product}/variants/{variant}",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("product" = String, Path, description = "Its id or its slug."),
        ("variant" = String, Path, description = "The variant's id."),
    ),
    request_body = UpdateVariant,
    responses(
        (status = 200, description = "The product with its variants", body = ProductBody),
        (status = 400, description = "A field is missing, unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product or variant", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It has been changed in the meantime", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_variant(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path((product, variant)): Path<(String, String)>,
    Json(request): Json<UpdateVariant>,
) -> Result<Json<ProductBody>, Problem> {
    let mut tx = state.database.begin().await?;
    let product = own(&mut tx, principal, &product).await?;
    let before = get_product::load(&mut tx, product).await?;
    let id = variant.parse::<VariantId>().ok();
    let known = before.variants.iter().find(|known| Some(known.id) == id);
    let known = known.ok_or_else(no_such_variant)?;
    require_version(&before, request.version)?;
    let wish = VariantWish {
        sku: known.sku.clone(),
        name: request.name,
        price: request.price,
        options: request.options,
    };
    let draft = VariantDraft::check(wish, before.price.currency)
        .map_err(|violations| Problem::invalid(field_errors(violations)))?;
    if !db::variants::update(&mut tx, before.id, known.id, &draft).await? {
        return Err(no_such_variant());
    }
    let after = get_product::load(&mut tx, before.clone()).await?;
    let after = update_product::store(&mut tx, after).await?;
    audited::record(&mut tx, principal, "update_variant", Some(&before), &after).await?;
    tx.commit().await?;
    state.changed();
    Ok(Json(ProductBody::new(after, &state.pictures)))
}

fn no_such_variant() -> Problem {
    Problem::new(&NOT_FOUND, "The product has no such variant.")
}
