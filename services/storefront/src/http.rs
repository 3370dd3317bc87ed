//! The route table, nothing else.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use chassis::{RateLimiter, rate_limit};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Storefront, api, assets, health, office,
    pages::{
        about, account, addresses, cart, category, checkout, contact, failure, forgotten_password,
        home, login, logout, order, orders, password, product, register, reset_password, robots,
        search,
    },
    session,
};

/// A page needs many of these, and they are in memory: what somebody looks at counts once.
const FREE: &[&str] = &["/assets/{name}"];

/// Every address of the shop; the chassis adds its own around them.
pub(crate) fn routes(storefront: Storefront, limiter: RateLimiter) -> Router {
    let documents = chassis::api_docs::routes_of(&api::document());
    shop()
        .merge(buying())
        .merge(accounts())
        .merge(office::routes())
        .route("/robots.txt", get(robots::robots))
        .route("/assets/{name}", get(assets::asset))
        .route("/health", get(health::show))
        .route("/{*anything_else}", get(failure::no_such_page))
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(middleware::from_fn(session::require_own_page))
        .layer(middleware::from_fn_with_state(
            limiter.free(FREE),
            rate_limit::limit,
        ))
        .layer(middleware::from_fn_with_state(
            storefront.clone(),
            failure::show,
        ))
        .layer(middleware::from_fn_with_state(
            storefront.clone(),
            session::know,
        ))
        .with_state(storefront)
        .merge(documents)
}

/// What can be looked at, whoever looks.
fn shop() -> Router<Storefront> {
    Router::new()
        .route("/", get(home::home))
        .route("/categories/{slug}", get(category::category))
        .route("/search", get(search::search))
        .route("/products/{slug}", get(product::product))
        .route("/about", get(about::about))
        .route(
            "/contact",
            get(contact::contact)
                .post(contact::send)
                .layer(DefaultBodyLimit::max(contact::MOST_BYTES)),
        )
}

/// From the cart to the parcel.
fn buying() -> Router<Storefront> {
    Router::new()
        .route("/cart", get(cart::cart))
        .route("/cart/items", post(cart::add))
        .route("/cart/items/{variant}", post(cart::change))
        .route("/checkout", get(checkout::checkout).post(checkout::place))
        .route("/orders", get(orders::orders))
        .route("/orders/{order}", get(order::order))
        .route("/orders/{order}/confirmation", get(order::confirmation))
        .route("/orders/{order}/cancel", post(order::cancel))
        .route("/orders/{order}/return", post(order::ask_for_return))
}

/// Who one is.
fn accounts() -> Router<Storefront> {
    Router::new()
        .route("/login", get(login::login).post(login::enter))
        .route("/logout", post(logout::logout))
        .route("/register", get(register::register).post(register::join))
        .route(
            "/forgotten-password",
            get(forgotten_password::forgotten_password).post(forgotten_password::ask),
        )
        .route(
            "/reset-password",
            get(reset_password::reset_password).post(reset_password::set),
        )
        .route("/account", get(account::account))
        .route("/account/profile", post(account::rename))
        .route("/account/password", post(password::change))
        .route("/account/sign-out-everywhere", post(logout::everywhere))
        .route(
            "/account/addresses",
            get(addresses::addresses).post(addresses::add),
        )
        .route(
            "/account/addresses/{address}",
            get(addresses::address).post(addresses::change),
        )
        .route(
            "/account/addresses/{address}/remove",
            get(addresses::ask).post(addresses::remove),
        )
}
