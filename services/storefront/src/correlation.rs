//! Carries the id of a shopper's request on to the services that it needs, so that one id finds all log lines.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use chassis::server::RequestId;

/// The header in which services hand the id on.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    /// The id of the request that this task answers.
    static CURRENT: RequestId;
}

/// Layer that makes the request's id known to everything that is done for it.
pub(crate) async fn carry(request: Request, next: Next) -> Response {
    match request.extensions().get::<RequestId>().cloned() {
        Some(id) => CURRENT.scope(id, next.run(request)).await,
        None => next.run(request).await,
    }
}

/// The header to send along, if a request is being answered.
pub(crate) fn header() -> Option<(HeaderName, HeaderValue)> {
    let id = CURRENT
        .try_with(|id| HeaderValue::from_str(&id.0))
        .ok()?
        .ok()?;
    Some((HEADER, id))
}
