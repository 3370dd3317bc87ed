//! The route table, nothing else.

use axum::{Router, middleware, routing::get};
use chassis::{RateLimiter, rate_limit};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Storefront, api, assets, health,
    pages::{about, category, failure, home, product, robots, search},
};

/// A page needs many of these, and they are in memory: what somebody looks at counts once.
const FREE: &[&str] = &["/assets/{name}"];

/// Every address of the shop; the chassis adds its own around them.
pub(crate) fn routes(storefront: Storefront, limiter: RateLimiter) -> Router {
    let documents = chassis::api_docs::routes_of(&api::document());
    Router::new()
        .route("/", get(home::home))
        .route("/categories/{slug}", get(category::category))
        .route("/search", get(search::search))
        .route("/products/{slug}", get(product::product))
        .route("/about", get(about::about))
        .route("/robots.txt", get(robots::robots))
        .route("/assets/{name}", get(assets::asset))
        .route("/health", get(health::show))
        .route("/{*anything_else}", get(failure::no_such_page))
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(middleware::from_fn_with_state(
            limiter.free(FREE),
            rate_limit::limit,
        ))
        .layer(middleware::from_fn_with_state(
            storefront.clone(),
            failure::show,
        ))
        .with_state(storefront)
        .merge(documents)
}
