//! The notifications service's API: its route table, and its description.

mod body;
mod get_document;
mod get_notification;
mod list_notifications;
mod open_socket;
mod retry_notification;
mod send_message;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use chassis::{Database, admin, api_docs::Credentials, auth::Verifier};
use utoipa::OpenApi;

use crate::assembly::State;

/// The name of the package, the binary and the component.
const SERVICE: &str = "notifications";

/// What is where.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route(
            "/api/notifications",
            get(list_notifications::list_notifications),
        )
        .route(
            "/api/notifications/{notification}",
            get(get_notification::get_notification),
        )
        .route(
            "/api/notifications/{notification}/retry",
            post(retry_notification::retry_notification),
        )
        .route(
            "/api/messages",
            post(send_message::send_message).layer(DefaultBodyLimit::max(send_message::MOST_BYTES)),
        )
        .route(
            "/api/messages/{message}/document",
            get(get_document::get_document),
        )
        .route("/ws/notifications", get(open_socket::open_socket))
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
        title = "Notifications",
        description = "Mails, live updates, and messages to the shop. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        list_notifications::list_notifications,
        get_notification::get_notification,
        retry_notification::retry_notification,
        open_socket::open_socket,
        send_message::send_message,
        get_document::get_document,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials)
)]
struct Description;
