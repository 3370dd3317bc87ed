//! What a browser may do with an answer of ours: show pictures and styles of this site, run the scripts that the page names,
//! talk and send forms to this site, and nothing else.
//!
//! The policy is the storefront's because it knows what its pages contain; headers that are the same for the whole site
//! come from the edge.

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};
use uuid::Uuid;

/// By which a script is known as one of the page's own: another one for each answer, so that none can be slipped in.
#[derive(Debug, Clone)]
pub(crate) struct Nonce(pub(crate) String);

/// Layer that puts the policy on every answer, errors included. The API's documents come with a stricter one.
pub(crate) async fn add_policy(mut request: Request, next: Next) -> Response {
    let nonce = Uuid::new_v4().simple().to_string();
    request.extensions_mut().insert(Nonce(nonce.clone()));
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert_with(|| policy(&nonce));
    response
}

fn policy(nonce: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'nonce-{nonce}'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("BUG: the policy is plain ASCII")
}
