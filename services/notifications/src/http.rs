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
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

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

/// The two ways to say who is asking.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let cookie = ApiKeyValue::new(chassis::auth::ACCESS_COOKIE);
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("accessToken", SecurityScheme::Http(bearer));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}
