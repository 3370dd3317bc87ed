//! The catalogue's API: its route table, and its description.

mod add_variant;
mod archive_product;
mod audited;
mod body;
mod create_product;
mod get_own_product;
mod get_product;
mod list_categories;
mod list_own_products;
mod list_products;
mod list_query;
mod list_variants;
mod search_products;
mod sent;
mod update_product;
mod update_variant;
mod upload_picture;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post, put},
};
use chassis::{Database, admin, api_docs::Credentials, auth::Verifier};
use utoipa::OpenApi;

use crate::assembly::State;

pub(crate) use get_product::load as load_product;
pub(crate) use list_query::ListQuery;
pub(crate) use sent::Sent;

/// The name of the package, the binary and the component.
const SERVICE: &str = "catalog";

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
        .route(
            "/api/products/{product}/variants",
            post(add_variant::add_variant),
        )
        .route(
            "/api/products/{product}/variants/{variant}",
            put(update_variant::update_variant),
        )
        .route(
            "/api/vendor/products",
            get(list_own_products::list_own_products),
        )
        .route(
            "/api/vendor/products/{product}",
            get(get_own_product::get_own_product),
        )
        .route("/api/search", get(search_products::search_products))
        .route("/internal/variants", get(list_variants::list_variants))
}

/// What every service offers to admins.
pub(crate) fn admin_routes(database: Database, verifier: Verifier) -> Router {
    admin::routes(SERVICE, database, verifier)
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    admin::describe(Description::openapi(), SERVICE)
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
        add_variant::add_variant,
        update_variant::update_variant,
        list_own_products::list_own_products,
        get_own_product::get_own_product,
        search_products::search_products,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials)
)]
struct Description;
