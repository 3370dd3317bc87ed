//! The catalogue's API: its route table, and its description.

mod archive_product;
mod body;
mod create_product;
mod get_product;
mod list_categories;
mod list_products;
mod list_query;
mod list_variants;
mod search_products;
mod update_product;
mod upload_picture;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use chassis::api_docs::Credentials;
use utoipa::OpenApi;

use crate::assembly::State;

pub(crate) use get_product::load as load_product;

/// What is where.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/api/categories", get(list_categories::list_categories))
        .route(
            "/api/products",
            get(list_products::list_products).post(create_product::create_product),
        )
        .route(
            "/api/products/{product}",
            get(get_product::get_product)
                .patch(update_product::update_product)
                .delete(archive_product::archive_product),
        )
        .route(
            "/api/products/{product}/images",
            post(upload_picture::upload_picture)
                .layer(DefaultBodyLimit::max(upload_picture::MAX_BYTES)),
        )
        .route("/api/search", get(search_products::search_products))
        .route("/internal/variants", get(list_variants::list_variants))
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Catalogue",
        description = "Products, categories, prices and search. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        list_categories::list_categories,
        list_products::list_products,
        create_product::create_product,
        get_product::get_product,
        update_product::update_product,
        archive_product::archive_product,
        upload_picture::upload_picture,
        search_products::search_products,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials)
)]
struct Description;
