//! What happens around every request: its id, its span, its place in the metrics, its log line, its problem document.

use std::{any::Any, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    Correlation, Problem,
    correlation::{REQUEST_ID as HEADER, TRACEPARENT, TraceParent},
    metrics::HttpMetrics,
    problem,
};

/// Routes that machines ask every few seconds: not worth a log line each.
const QUIET: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// The id by which a request is found in logs and quoted in problems.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl RequestId {
    /// The caller's id if it is one that can stand in a log, else a fresh one.
    fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get(HEADER)
            .and_then(|value| value.to_str().ok())
            .filter(|id| is_plain(id));
        Self(given.map_or_else(|| Uuid::now_v7().to_string(), ToOwned::to_owned))
    }
}

/// The trace that the caller is in. There is exactly one, or none that counts.
fn trace_of(headers: &HeaderMap) -> Option<TraceParent> {
    let mut given = headers.get_all(TRACEPARENT).iter();
    match (given.next(), given.next()) {
        (Some(only), None) => only.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

fn is_plain(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

pub(super) async fn observe(
    State(http): State<HttpMetrics>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("_OTHER", MatchedPath::as_str);
    let correlation = Correlation::caused_by(&*id.0, trace_of(request.headers()));
    let span = tracing::info_span!(
        "request",
        request.id = %id.0,
        trace.id = %correlation.trace.trace_id(),
        span.id = %correlation.trace.span_id(),
        http.method = %method,
        http.route = route,
    );
    request.extensions_mut().insert(id.clone());

    let active = http.begin(method.as_str());
    let started = Instant::now();
    let answering = correlation.scope_only(next.run(request));
    let response = answering.instrument(span.clone()).await;
    let took = started.elapsed();
    drop(active);

    let _entered = span.enter();
    let mut response = problem::finish(response, &id.0);
    http.observe(method.as_str(), route, response.status().as_u16(), took);
    if !QUIET.contains(&route) {
        let duration_ms = took.as_secs_f64() * 1000.0;
        tracing::info!(
            http.status = response.status().as_u16(),
            duration_ms,
            "served"
        );
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// A panic is a bug of ours and an answer to nobody: it becomes a 500 like any other.
#[expect(
    clippy::needless_pass_by_value,
    reason = "this is the signature that the layer calls"
)]
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Problem::internal(anyhow::anyhow!("a handler panicked: {text}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        let id = |text: &str| {
            let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(text).unwrap())]);
            RequestId::of(&headers).0
        };
        assert_eq!(id("0190a000-abcd"), "0190a000-abcd");
        for forged in [
            "short",
            "with a blank in it",
            "{\"level\":\"x\"}",
            &"a".repeat(65),
        ] {
            assert_ne!(id(forged), forged);
        }
    }
}
