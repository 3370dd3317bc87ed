//! `/livez` and `/readyz`: whether the process runs, and whether it can do its work.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::future::join_all;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// All checks run at once, so this is also the longest that `/readyz` takes.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Probe =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + Send + Sync>;

/// Whether the service is of use without a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// Not ready without it.
    Required,
    /// Reported, but the service works without it.
    Optional,
}

/// What a service depends on.
#[derive(Clone)]
pub struct Readiness {
    checks: Vec<(&'static str, Need, Probe)>,
    shutdown: CancellationToken,
}

impl Readiness {
    /// Nothing to depend on yet; not ready once `shutdown` is cancelled.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self {
            checks: Vec::new(),
            shutdown,
        }
    }

    /// Adds a dependency.
    #[must_use]
    pub fn check<F, Fut>(mut self, name: &'static str, need: Need, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.checks
            .push((name, need, Arc::new(move || Box::pin(probe()))));
        self
    }

    /// Asks every dependency at once.
    pub async fn report(&self) -> Report {
        let checks = join_all(
            self.checks
                .iter()
                .map(|(name, need, probe)| run(name, *need, probe)),
        )
        .await;
        let able = checks
            .iter()
            .all(|check| check.ok || check.need == Need::Optional);
        let status = if self.shutdown.is_cancelled() {
            Status::Draining
        } else if able {
            Status::Ready
        } else {
            Status::Unready
        };
        Report { status, checks }
    }
}

async fn run(name: &'static str, need: Need, probe: &Probe) -> Check {
    let started = Instant::now();
    let outcome = tokio::time::timeout(CHECK_TIMEOUT, probe()).await;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let error = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
    };
    Check {
        name,
        ok: error.is_none(),
        need,
        took_ms,
        error,
    }
}

/// Whether the service can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It can.
    Ready,
    /// Something that it needs is away.
    Unready,
    /// It is about to end.
    Draining,
}

/// One dependency's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Which one.
    pub name: &'static str,
    /// Whether it answered.
    pub ok: bool,
    /// Whether the service works without it.
    pub need: Need,
    /// How long it took.
    pub took_ms: u64,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
pub struct Report {
    /// All in all.
    pub status: Status,
    /// One by one.
    pub checks: Vec<Check>,
}

impl IntoResponse for Report {
    fn into_response(self) -> Response {
        let code = if self.status == Status::Ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        (code, axum::Json(self)).into_response()
    }
}
