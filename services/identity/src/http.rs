//! The identity service's API: its route table, and its description.

mod add_address;
mod body;
mod change_password;
mod change_roles;
mod cookies;
mod end_sessions;
mod get_me;
mod get_user;
mod jwks;
mod list_addresses;
mod list_users;
mod login;
mod logout;
mod logout_all;
mod refresh;
mod register;
mod remove_address;
mod request_password_reset;
mod reset_password;
mod revocations;
mod session;
mod signed_in;
mod update_address;
mod update_me;

use axum::{
    Router,
    middleware::from_extractor_with_state,
    routing::{get, patch, post},
};
use chassis::{admin, api_docs::Credentials};
use utoipa::OpenApi;

use crate::assembly::State;

pub(crate) use cookies::DEVICE_COOKIE;
use signed_in::Administrator;

/// The name of the package, the binary and the component.
const SERVICE: &str = "identity";

/// Where passwords can be tried, or cost us a hash: what one client may ask here is limited more than elsewhere.
pub(crate) const GUESSABLE: [&str; 5] = [
    "/api/users/login",
    "/api/users/register",
    "/api/users/me/password",
    "/api/auth/forgotten-password",
    "/api/auth/reset-password",
];

/// What is where. The edge passes `/api` and the keys on; ended sessions are for the other services only.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/api/users/register", post(register::register))
        .route("/api/users/login", post(login::login))
        .route("/api/auth/refresh", post(refresh::refresh))
        .route("/api/auth/logout", post(logout::logout))
        .route("/api/auth/logout-all", post(logout_all::logout_all))
        .route(
            "/api/auth/forgotten-password",
            post(request_password_reset::request_password_reset),
        )
        .route(
            "/api/auth/reset-password",
            post(reset_password::reset_password),
        )
        .route("/api/users", get(list_users::list_users))
        .route(
            "/api/users/me",
            get(get_me::get_me).patch(update_me::update_me),
        )
        .route(
            "/api/users/me/password",
            post(change_password::change_password),
        )
        .route(
            "/api/users/me/addresses",
            get(list_addresses::list_addresses).post(add_address::add_address),
        )
        .route(
            "/api/users/me/addresses/{address}",
            patch(update_address::update_address).delete(remove_address::remove_address),
        )
        .route("/api/users/{user}", get(get_user::get_user))
        .route("/api/users/{user}/roles", patch(change_roles::change_roles))
        .route(
            "/api/users/{user}/end-sessions",
            post(end_sessions::end_sessions),
        )
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/.well-known/revocations", get(revocations::revocations))
}

/// What every service offers to admins. A session that has ended opens nothing here either: the account is looked up, as for
/// every other route.
pub(crate) fn admin_routes(state: &State) -> Router {
    let only_admins = from_extractor_with_state::<Administrator, _>(state.clone());
    admin::routes(SERVICE, state.database.clone(), state.verifier.clone()).layer(only_admins)
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    admin::describe(Description::openapi(), SERVICE)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Identity",
        description = "Accounts, log-ins and tokens. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        register::register,
        login::login,
        refresh::refresh,
        logout::logout,
        logout_all::logout_all,
        request_password_reset::request_password_reset,
        reset_password::reset_password,
        get_me::get_me,
        update_me::update_me,
        change_password::change_password,
        list_addresses::list_addresses,
        add_address::add_address,
        update_address::update_address,
        remove_address::remove_address,
        list_users::list_users,
        get_user::get_user,
        change_roles::change_roles,
        end_sessions::end_sessions,
        jwks::jwks,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials)
)]
struct Description;
