//! `POST /api/products`: a vendor brings a product into the shop.

use std::collections::BTreeMap;

use axum::{
    extract::State as FromState,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::{FieldError, Json, Problem, auth::Vendor, database::OnConstraint as _};
use contracts::{Amount, Currency, ProductId, VendorId};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    audited,
    body::{ProblemBody, ProductBody, entity_tag, field_errors},
    get_product,
};
use crate::{
    assembly::State,
    db,
    domain::{
        draft::{Draft, VariantWish, Wish},
        product::Product,
        slug,
    },
    events,
    problems::SKU_TAKEN,
};

/// A new product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateProduct {
    #[schema(min_length = 1, max_length = 200, example = "Laptop")]
    name: String,
    #[schema(max_length = 10_000, example = "Gaming laptop")]
    description: String,
    /// One line for a card; the description's first sentence unless given.
    #[schema(max_length = 300)]
    summary: Option<String>,
    /// A decimal number or string, not negative, with at most the currency's decimals.
    price: Amount,
    /// EUR unless given.
    #[serde(default)]
    currency: Currency,
    /// A category's slug.
    #[schema(example = "electronics")]
    category: String,
    /// Facts: `material` → `Steel`.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Its buyable forms; one is made unless given.
    #[serde(default)]
    #[schema(max_items = 100)]
    variants: Vec<CreateVariant>,
}

/// One buyable form of a new product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateVariant {
    /// The stock keeping unit, unique in the shop.
    #[schema(min_length = 1, max_length = 64)]
    sku: String,
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Where it differs from the product's.
    price: Option<Amount>,
    /// What distinguishes it: `colour` → `Green`.
    #[serde(default)]
    options: BTreeMap<String, String>,
}

impl From<CreateProduct> for Wish {
    fn from(request: CreateProduct) -> Self {
        let CreateProduct {
            name,
            description,
            summary,
            price,
            currency,
            category,
            attributes,
            variants,
        } = request;
        let variants = variants.into_iter().map(VariantWish::from).collect();
        Self {
            name,
            summary,
            description,
            price,
            currency,
            category,
            attributes,
            variants,
        }
    }
}

impl From<CreateVariant> for VariantWish {
    fn from(request: CreateVariant) -> Self {
        let CreateVariant {
            sku,
            name,
            price,
            options,
        } = request;
        Self {
            sku,
            name,
            price,
            options,
        }
    }
}

pub(super) enum Error {
    UnknownCategory(String),
    SkuTaken,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownCategory(slug) => Self::invalid(vec![FieldError::new(
                "category",
                format!("there is no category {slug:?}; GET /api/categories lists them"),
            )]),
            Error::SkuTaken => Self::new(
                &SKU_TAKEN,
                "One of the variants has the SKU of another product's variant.",
            ),
            Error::Database(error) => error.into(),
        }
    }
}

/// Create a product.
///
/// Needs the role vendor or admin. The product belongs to whoever creates it.
#[utoipa::path(
    post,
    path = "/api/products",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::VENDORS))),
    security(("accessToken" = []), ("cookie" = [])),
    request_body = CreateProduct,
    responses(
        (status = 201, description = "The product, at the address in `Location`", body = ProductBody),
        (status = 400, description = "A field is missing, unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither vendor nor admin", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A SKU is in use", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_product(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Json(request): Json<CreateProduct>,
) -> Result<Response, Problem> {
    let id = ProductId::generate();
    let draft = Draft::check(request.into(), id)
        .map_err(|violations| Problem::invalid(field_errors(violations)))?;

    let mut tx = state.database.begin().await?;
    let product = store(&mut tx, id, principal.user.into(), &draft).await?;
    events::publish_created(&mut tx, &product).await?;
    audited::record(&mut tx, principal, "create_product", None, &product).await?;
    tx.commit().await?;
    state.changed();

    Ok(created(product, &state))
}

async fn store(
    connection: &mut PgConnection,
    id: ProductId,
    vendor: VendorId,
    draft: &Draft,
) -> Result<Product, Error> {
    let category = db::categories::find(connection, &draft.category).await?;
    let category = category.ok_or_else(|| Error::UnknownCategory(draft.category.clone()))?;
    let slug = slug::from_name(&draft.name);
    if !db::products::insert(connection, id, &slug, vendor, category.id, draft).await? {
        let slug = slug::distinguished(&slug, id);
        db::products::insert(connection, id, &slug, vendor, category.id, draft).await?;
    }
    for (variant, position) in draft.variants.iter().zip(0..) {
        let inserted = db::variants::insert(connection, id, position, variant).await;
        inserted.on_constraint("variants_sku_key", || Error::SkuTaken)?;
    }
    let product = db::products::get(connection, Some(id), None)
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    Ok(get_product::load(connection, product).await?)
}

fn created(product: Product, state: &State) -> Response {
    let location = HeaderValue::from_str(&format!("/api/products/{}", product.id))
        .expect("BUG: an id is ASCII");
    let tag = HeaderValue::from_str(&entity_tag(product.version)).expect("BUG: a tag is ASCII");
    let body = Json(ProductBody::new(product, &state.pictures));
    (
        StatusCode::CREATED,
        [(header::LOCATION, location), (header::ETAG, tag)],
        body,
    )
        .into_response()
}
