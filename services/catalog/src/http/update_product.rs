//! `PATCH /api/products/{product}`: a vendor changes what is their own.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State as FromState},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chassis::{
    FieldError, Json, Problem,
    auth::{Principal, Vendor},
    problem::{FORBIDDEN, STALE_VERSION},
};
use contracts::Amount;
use serde::Deserialize;
use sqlx::{PgConnection, Postgres, Transaction};
use utoipa::ToSchema;

use super::{
    audited,
    body::{ProblemBody, ProductBody, entity_tag, field_errors},
    get_product::{self, no_such_product},
};
use crate::{
    assembly::State,
    db,
    domain::{
        Violation,
        draft::{self, Rules},
        product::{CategoryRef, Product, Status, facets},
        text::bounded,
    },
    events,
};

/// What shall be different; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateProduct {
    /// The version that the change was made from, unless `If-Match` says it.
    version: Option<i64>,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 300)]
    summary: Option<String>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// In the product's currency.
    price: Option<Amount>,
    /// A category's slug.
    category: Option<String>,
    /// All of them anew.
    attributes: Option<BTreeMap<String, String>>,
}

/// Change a product.
///
/// Needs to be its vendor, or an admin. `If-Match` (or `version`) must be the version that was seen: somebody else's
/// change in between is a 409 and is not overwritten.
#[utoipa::path(
    patch,
    path = "/api/products/{product}",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("product" = String, Path, description = "Its id or its slug."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen."),
    ),
    request_body = UpdateProduct,
    responses(
        (status = 200, description = "The changed product", body = ProductBody),
        (status = 400, description = "A field is unknown or not valid, or the version is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It has been changed in the meantime", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_product(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(product): Path<String>,
    headers: HeaderMap,
    Json(request): Json<UpdateProduct>,
) -> Result<Response, Problem> {
    let expected = expected_version(&headers, request.version)?;

    let mut tx = state.database.begin().await?;
    let product = own(&mut tx, principal, &product).await?;
    require_version(&product, expected)?;
    let before = get_product::load(&mut tx, product).await?;
    let mut product = before.clone();
    apply(&mut tx, request, &mut product).await?;
    let product = store(&mut tx, product).await?;
    audited::record(
        &mut tx,
        principal,
        "update_product",
        Some(&before),
        &product,
    )
    .await?;
    tx.commit().await?;
    state.changed();

    let tag = [(header::ETAG, entity_tag(product.version))];
    Ok((tag, Json(ProductBody::new(product, &state.pictures))).into_response())
}

/// Stores a changed product as its next version, with the event that tells of it.
pub(super) async fn store(
    tx: &mut Transaction<'_, Postgres>,
    mut product: Product,
) -> Result<Product, Problem> {
    let facets = facets(
        &product.attributes,
        product.variants.iter().map(|variant| &variant.options),
    );
    let revision = db::products::update(tx, &product, &facets).await?;
    product.revise(revision.ok_or_else(|| stale(product.version))?);
    events::publish_updated(tx, &product).await?;
    Ok(product)
}

/// Lets a vendor at what is their own, and admins at everything.
pub(super) fn require_own(principal: Principal, product: &Product) -> Result<(), Problem> {
    if principal.owns(product.vendor_id.0) {
        return Ok(());
    }
    Err(Problem::new(
        &FORBIDDEN,
        "This product belongs to another vendor.",
    ))
}

/// The product, locked, if it is this vendor's own or an admin asks.
pub(super) async fn own(
    connection: &mut PgConnection,
    principal: Principal,
    text: &str,
) -> Result<Product, Problem> {
    let product = get_product::find(connection, text)
        .await?
        .ok_or_else(no_such_product)?;
    require_own(principal, &product)?;
    // Locked, then read again: what was read before the lock may have changed while we waited for it.
    db::products::lock(connection, product.id).await?;
    let product = db::products::get(connection, Some(product.id), None).await?;
    product
        .filter(|product| product.status == Status::Active)
        .ok_or_else(no_such_product)
}

async fn category(
    connection: &mut PgConnection,
    slug: &str,
) -> sqlx::Result<Result<CategoryRef, Violation>> {
    let slug = match bounded("category", slug, 1, 80) {
        Ok(slug) => slug,
        Err(violation) => return Ok(Err(violation)),
    };
    let found = db::categories::find(connection, &slug).await?;
    let message = format!("there is no category {slug:?}");
    Ok(found.ok_or_else(|| Violation::new("category", message)))
}

fn expected_version(headers: &HeaderMap, version: Option<i64>) -> Result<i64, Problem> {
    let Some(tag) = headers.get(header::IF_MATCH) else {
        return version.ok_or_else(|| {
            let message = "say which version the change was made from: in `version`, or in the header If-Match";
            Problem::invalid(vec![FieldError::new("version", message)])
        });
    };
    let digits = tag
        .to_str()
        .ok()
        .and_then(|tag| tag.strip_prefix("\"v")?.strip_suffix('"'));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| {
            Problem::invalid(vec![FieldError::new(
                "If-Match",
                "must be the ETag of a product, such as \"v3\"",
            )])
        })
}

pub(super) fn require_version(product: &Product, expected: i64) -> Result<(), Problem> {
    if product.version == expected {
        Ok(())
    } else {
        Err(stale(product.version))
    }
}

fn stale(current: i64) -> Problem {
    let detail =
        format!("The product is at version {current} by now: read it again, and change that.");
    Problem::new(&STALE_VERSION, detail).with("currentVersion", current)
}

/// Changes what the request names, if all of it keeps the rules.
async fn apply(
    connection: &mut PgConnection,
    request: UpdateProduct,
    product: &mut Product,
) -> Result<(), Problem> {
    let mut rules = Rules::default();
    let text = |field, text: Option<&String>, min, max| {
        text.map(|text| bounded(field, text, min, max)).transpose()
    };
    let name = rules.keep(text("name", request.name.as_ref(), 1, 200));
    let summary = rules.keep(text("summary", request.summary.as_ref(), 0, 300));
    let description = rules.keep(text("description", request.description.as_ref(), 0, 10_000));
    let price = request
        .price
        .map(|amount| draft::price("price", &amount, product.price.currency));
    let price = rules.keep(price.unwrap_or(Ok(None)));
    let attributes = request
        .attributes
        .map(|attributes| draft::attributes("attributes", &attributes))
        .transpose();
    let attributes = rules.keep_all(attributes);
    if let Some(slug) = request.category {
        match category(connection, &slug).await? {
            Ok(category) => product.category = category,
            Err(violation) => rules.keep(Err(violation)),
        }
    }
    rules
        .into_result()
        .map_err(|violations| Problem::invalid(field_errors(violations)))?;
    product.name = name.unwrap_or_else(|| std::mem::take(&mut product.name));
    product.summary = summary.unwrap_or_else(|| std::mem::take(&mut product.summary));
    product.description = description.unwrap_or_else(|| std::mem::take(&mut product.description));
    product.price = price.unwrap_or(product.price);
    product.attributes = attributes.unwrap_or_else(|| std::mem::take(&mut product.attributes));
    Ok(())
}
