//! The API of orders: its route table, and its description.

mod access;
mod body;
mod cancel_order;
mod deliver_order;
mod get_order;
mod list_orders;
mod list_query;
mod list_vendor_orders;
mod order_body;
mod place_order;
mod placement;
mod refund_order;
mod ship_order;
mod turn;
mod user_dashboard;

use axum::{
    Router,
    routing::{get, post},
};
use chassis::{Database, admin, api_docs::Credentials, auth::Verifier};
use utoipa::{
    Modify, OpenApi,
    openapi::{HttpMethod, PathItem},
};

use crate::assembly::State;

/// The name of the package, the binary and the component.
const SERVICE: &str = "orders";

/// What is where. `POST /orders` is the same operation as `POST /api/orders`; `GET /orders` is a page of the shop's.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route(
            "/api/orders",
            get(list_orders::list_orders).post(place_order::place_order),
        )
        .route("/orders", post(place_order::place_order))
        .route("/api/orders/{order}", get(get_order::get_order))
        .route(
            "/api/orders/{order}/cancel",
            post(cancel_order::cancel_order),
        )
        .route("/api/orders/{order}/ship", post(ship_order::ship_order))
        .route(
            "/api/orders/{order}/deliver",
            post(deliver_order::deliver_order),
        )
        .route(
            "/api/orders/{order}/refunds",
            post(refund_order::refund_order),
        )
        .route(
            "/api/vendor/orders",
            get(list_vendor_orders::list_vendor_orders),
        )
        .route(
            "/api/user-dashboard/{user}",
            get(user_dashboard::user_dashboard),
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
        title = "Orders",
        description = "Placing orders and following them to their end. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        place_order::place_order,
        list_orders::list_orders,
        get_order::get_order,
        cancel_order::cancel_order,
        ship_order::ship_order,
        deliver_order::deliver_order,
        refund_order::refund_order,
        list_vendor_orders::list_vendor_orders,
        user_dashboard::user_dashboard,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials, &ShortAddress)
)]
struct Description;

/// The address without `/api`, which stands in a route table and not at the operation.
struct ShortAddress;

impl Modify for ShortAddress {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let placing = document.paths.paths.get("/api/orders");
        let Some(mut place_order) = placing.and_then(|path| path.post.clone()) else {
            return;
        };
        place_order.operation_id = Some("place_order_shortly".to_owned());
        let path = PathItem::new(HttpMethod::Post, place_order);
        document.paths.paths.insert("/orders".to_owned(), path);
    }
}
