//! A service without a database: everything that it does is said in its answers.

use std::time::Duration;

use axum::{Json, Router, extract::State, http::HeaderMap, routing::get};
use chassis::{
    Process, RateLimiter, Secret,
    auth::InternalToken,
    correlation,
    health::Readiness,
    metrics::{HttpMetrics, Metrics},
    peer::Peer,
    rate_limit::Allowance,
    server,
};
use serde_json::{Value, json};
use testkit::{Answer, Client};
use tokio::task::JoinSet;

pub(crate) struct TestApp {
    pub(crate) client: Client,
    _running: JoinSet<()>,
}

/// So many at once, and one more after each pause.
pub(crate) fn allowance(burst: u32, pause: Duration) -> Allowance {
    Allowance {
        burst: burst.try_into().unwrap(),
        requests: 1.try_into().unwrap(),
        per: pause,
    }
}

impl TestApp {
    pub(crate) async fn start(allowance: Allowance) -> Self {
        let strict = self::allowance(1, Duration::from_mins(1));
        Self::with(|metrics| {
            RateLimiter::new(allowance, metrics)
                .stricter("strict", &["/strict"], strict)
                .free(&["/free"])
        })
        .await
    }

    async fn with(limiter: impl FnOnce(&Metrics) -> RateLimiter) -> Self {
        let process = Process::new("test");
        let listener = server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let token = InternalToken::new(Secret::new("token"));
        let itself = Peer::new(
            "itself",
            &url,
            token,
            Duration::from_secs(5),
            &process.metrics,
        );
        let routes = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/strict", get(|| async { "here" }))
            .route("/free", get(|| async { "here" }))
            .route("/asked", get(asked))
            .route("/ask", get(ask))
            .with_state(itself);
        let limiter = limiter(&process.metrics);
        let readiness = Readiness::new(process.shutdown.clone());
        let http = HttpMetrics::new(&process.metrics);
        let app = server::limited_router(routes, &process, readiness, http, limiter);
        let mut running = JoinSet::new();
        running.spawn(async move { server::serve(listener, app, &process).await.unwrap() });
        Self {
            client: Client::new(&url),
            _running: running,
        }
    }

    /// As the edge passes it on for this client.
    pub(crate) async fn get_for(&self, address: &str, path: &str) -> Answer {
        self.get_with(path, &[("x-forwarded-for", address)]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let complete = |request: reqwest::RequestBuilder| {
            headers.iter().fold(request, |request, (name, value)| {
                request.header(*name, *value)
            })
        };
        self.client.send(http::Method::GET, path, complete).await
    }
}

/// What came along, and what is known while it is answered.
async fn asked(headers: HeaderMap) -> Json<Value> {
    let known = correlation::current().unwrap();
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    Json(json!({
        "traceparent": header("traceparent"),
        "requestId": header("x-request-id"),
        "known": { "traceparent": known.trace.to_string(), "cause": known.cause },
    }))
}

/// Asks the same of itself, as another service.
async fn ask(State(itself): State<Peer>) -> Json<Value> {
    let known = correlation::current().unwrap();
    let answer: Value = itself.get("/asked").await.unwrap();
    Json(json!({ "traceparent": known.trace.to_string(), "cause": known.cause, "asked": answer }))
}
