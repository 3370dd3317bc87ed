//! What a browser may do with an answer of ours: show pictures and styles of this site and send forms to it, nothing else.
//!
//! The policy is the storefront's because it knows what its pages contain; headers that are the same for the whole site
//! come from the edge.

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Layer that puts the policy on every answer, errors included. The API's documents come with a stricter one.
pub(crate) async fn add_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(POLICY);
    response
}
