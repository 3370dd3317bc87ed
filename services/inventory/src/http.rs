//! The inventory's API: its route table, and its description.

mod add_stock;
mod adjust_stock;
mod body;
mod get_availability;
mod hold_stock;
mod list_availability;
mod list_ledger;
mod list_stock;
mod product;
mod request;

use axum::{
    Router,
    routing::{get, post},
};
use chassis::{Database, admin, api_docs::Credentials, auth::Verifier};
use utoipa::OpenApi;

use crate::assembly::State;

/// The name of the package, the binary and the component.
const SERVICE: &str = "inventory";

/// What is where. The edge passes `/api` on; `/internal` is for the other services only.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route(
            "/api/inventory",
            get(list_stock::list_stock).post(add_stock::add_stock),
        )
        .route(
            "/api/inventory/{product}",
            get(get_availability::get_availability),
        )
        .route(
            "/api/inventory/{stock}/adjustments",
            post(adjust_stock::adjust_stock),
        )
        .route(
            "/api/inventory/{stock}/ledger",
            get(list_ledger::list_ledger),
        )
        .route("/internal/holds", post(hold_stock::hold_stock))
        .route(
            "/internal/availability",
            get(list_availability::list_availability),
        )
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
        title = "Inventory",
        description = "What is in stock, and where. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        list_stock::list_stock,
        add_stock::add_stock,
        get_availability::get_availability,
        adjust_stock::adjust_stock,
        list_ledger::list_ledger,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials)
)]
struct Description;
