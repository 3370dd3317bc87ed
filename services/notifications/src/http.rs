//! The notifications service's API: its route table, and its description.

mod body;
mod get_notification;
mod list_notifications;
mod open_socket;
mod retry_notification;

use axum::{
    Router,
    routing::{get, post},
};
use chassis::api_docs::Credentials;
use utoipa::OpenApi;

use crate::assembly::State;

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
        .route("/ws/notifications", get(open_socket::open_socket))
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Notifications",
        description = "Mails and live updates. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        list_notifications::list_notifications,
        get_notification::get_notification,
        retry_notification::retry_notification,
        open_socket::open_socket,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials)
)]
struct Description;
