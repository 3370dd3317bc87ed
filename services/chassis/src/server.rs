//! The HTTP server that every service is: the same answers to errors, the same log line, the same metrics, and an end
//! that loses no request.

mod observe;

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    middleware,
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use crate::{
    Process,
    health::Readiness,
    metrics::HttpMetrics,
    problem,
    rate_limit::{self, RateLimiter},
};

pub use observe::RequestId;

/// A body longer than this is refused, unless its route says otherwise.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A request that is not answered within this time is given up.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests in flight get when the process has been asked to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Surrounds a service's routes with what all services have: `/livez`, `/readyz`, `/metrics`, problems, metrics, logs.
pub fn router(
    routes: Router,
    process: &Process,
    readiness: Readiness,
    http: HttpMetrics,
) -> Router {
    surround(with_fallbacks(routes), process, readiness, http)
}

/// The same for a service that people reach: what one client asks too much is refused before anything is done for it.
pub fn limited_router(
    routes: Router,
    process: &Process,
    readiness: Readiness,
    http: HttpMetrics,
    limiter: RateLimiter,
) -> Router {
    let limit = middleware::from_fn_with_state(limiter, rate_limit::limit);
    surround(
        with_fallbacks(routes).layer(limit),
        process,
        readiness,
        http,
    )
}

fn with_fallbacks(routes: Router) -> Router {
    routes
        .fallback(|| async { problem::from_status(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async {
            problem::from_status(StatusCode::METHOD_NOT_ALLOWED)
        })
}

/// Probes and scrapes are around everything that is limited.
fn surround(routes: Router, process: &Process, readiness: Readiness, http: HttpMetrics) -> Router {
    let metrics = process.metrics.clone();
    routes
        .route("/livez", get(|| async { StatusCode::OK }))
        .route(
            "/readyz",
            get(move || async move { readiness.report().await }),
        )
        .route("/metrics", get(move || async move { scrape(&metrics) }))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(middleware::from_fn_with_state(http, observe::observe))
}

fn scrape(metrics: &crate::metrics::Metrics) -> impl IntoResponse + use<> {
    let (content_type, text) = metrics.scrape();
    ([(header::CONTENT_TYPE, content_type)], text)
}

/// Takes the address, or says which one could not be had.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

/// Serves until the process is asked to end, then answers what is in flight.
pub async fn serve(listener: TcpListener, router: Router, process: &Process) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(service = process.service, %address, "listening");
    let shutdown = process.shutdown.clone();
    let server =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let deadline = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        outcome = server.into_future() => outcome.context("the server failed")?,
        () = deadline => tracing::warn!(timeout_s = DRAIN_TIMEOUT.as_secs(), "requests were still open at the end"),
    }
    tracing::info!("drained");
    Ok(())
}
