//! What happens to every request before its page: a change must come from a page of ours, and a session whose access token
//! runs out is renewed, so that nobody is logged out while they shop.

use axum::{
    extract::{Request, State},
    http::HeaderValue,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use chassis::{auth::Origin, clock};

use crate::{Storefront, pages::failure::Failure, visit::Visit};

/// Layer that knows who is visiting.
pub(crate) async fn know(
    State(storefront): State<Storefront>,
    mut request: Request,
    next: Next,
) -> Response {
    if is_for_everybody(request.uri().path()) {
        return next.run(request).await;
    }
    let visit = Visit::of(&request);
    if visit.needs_renewal(clock::now()) {
        storefront.services().identity.renew(&visit).await;
    }
    request.extensions_mut().insert(visit.clone());
    let mut response = visit.scope(next.run(request)).await;
    visit.give(response.headers_mut());
    response
}

/// Layer that refuses a change that no page of ours asked for: cookies travel with every request to us, whoever's page made
/// it. Every browser says with a form where it was filled in.
pub(crate) async fn require_own_page(request: Request, next: Next) -> Response {
    let is_allowed = request.method().is_safe() || Origin::of(request.headers()) == Origin::Own;
    if is_allowed {
        next.run(request).await
    } else {
        Failure::ForeignPage.into_response()
    }
}

/// What is the same whoever asks, and asked for often.
fn is_for_everybody(path: &str) -> bool {
    path.starts_with("/assets/") || path == "/health" || path == "/robots.txt"
}

/// Where a browser is sent after a change: the page is fetched anew, and loading it again changes nothing.
pub(crate) fn see_other(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    (
        axum::http::StatusCode::SEE_OTHER,
        [
            (axum::http::header::LOCATION, location),
            (
                axum::http::header::CACHE_CONTROL,
                HeaderValue::from_static("no-store"),
            ),
        ],
    )
        .into_response()
}
