//! The cart service's API: its route table, and its description.

mod add_item;
mod body;
mod empty_cart;
mod get_cart;
mod guest_cookie;
mod merge_carts;
mod remove_item;
mod set_quantity;
mod shopper;
mod show;

use axum::{
    Router,
    routing::{get, post, put},
};
use chassis::{Database, admin, api_docs::Credentials, auth::Verifier};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, SecurityScheme},
};

use crate::assembly::State;

/// The name of the package, the binary and the component.
const SERVICE: &str = "cart";

/// What is where. Everybody has a cart, and an address of another's does not exist.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route(
            "/api/cart",
            get(get_cart::get_cart).delete(empty_cart::empty_cart),
        )
        .route("/api/cart/items", post(add_item::add_item))
        .route(
            "/api/cart/items/{variantId}",
            put(set_quantity::set_quantity).delete(remove_item::remove_item),
        )
        .route("/api/cart/merge", post(merge_carts::merge_carts))
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
        title = "Cart",
        description = "What somebody means to buy. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        get_cart::get_cart,
        add_item::add_item,
        set_quantity::set_quantity,
        remove_item::remove_item,
        empty_cart::empty_cart,
        merge_carts::merge_carts,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials, &Guest)
)]
struct Description;

/// A guest's cart is known by a cookie.
struct Guest;

impl Modify for Guest {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKey::Cookie(ApiKeyValue::new(guest_cookie::NAME));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("guest", SecurityScheme::ApiKey(cookie));
    }
}
