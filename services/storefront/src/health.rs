//! `GET /health`: how the whole platform is, in one answer.
//!
//! It always answers 200: what fails is in the body, because whoever asks wants to know what, and no load balancer should
//! take the shop away since a mail catcher is down. Components are asked all at once, so that a hung one costs one
//! timeout; and at most once a second whoever asks and however often, so that the question cannot be used to
//! hammer them.

mod check;
mod plan;
mod report;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use reqwest::redirect::Policy;
use tokio::task::JoinSet;

pub(crate) use plan::Plan;
use report::Report;

use crate::Storefront;

/// How long one round of checks answers for the next callers.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// A round of checks, under way or done.
struct Round {
    started: Instant,
    report: Shared<BoxFuture<'static, Arc<Report>>>,
}

/// Asks the components in rounds that all callers share.
pub(crate) struct Health {
    plan: Plan,
    http: reqwest::Client,
    round: Mutex<Option<Round>>,
}

impl Health {
    /// Nothing has been asked yet.
    pub(crate) fn new(plan: Plan) -> reqwest::Result<Self> {
        // No connection is kept: a check is to find out whether one can be made. The deadline is set around each check.
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .redirect(Policy::none())
            .build()?;
        Ok(Self {
            plan,
            http,
            round: Mutex::default(),
        })
    }

    /// The report of the round that is under way or was begun less than a second ago, else of a new one.
    async fn report(&self) -> Arc<Report> {
        let report = {
            let mut round = self
                .round
                .lock()
                .expect("BUG: nothing panics while holding the round");
            match &*round {
                Some(current)
                    if current.report.peek().is_none()
                        || current.started.elapsed() < SHARED_FOR =>
                {
                    current.report.clone()
                }
                _ => {
                    let report = self.begin_round();
                    *round = Some(Round {
                        started: Instant::now(),
                        report: report.clone(),
                    });
                    report
                }
            }
        };
        report.await
    }

    /// The checks run as tasks: they end even if everybody who waited for them has gone.
    fn begin_round(&self) -> Shared<BoxFuture<'static, Arc<Report>>> {
        let timeout = self.plan.timeout();
        let mut checks: JoinSet<_> = self
            .plan
            .checks
            .iter()
            .map(|check| check::run(check.clone(), self.http.clone(), timeout))
            .collect();
        async move {
            let mut findings = Vec::with_capacity(checks.len());
            while let Some(finding) = checks.join_next().await {
                findings.push(finding.expect("BUG: a check does not panic and is not aborted"));
            }
            Arc::new(Report::new(findings, SystemTime::now()))
        }
        .boxed()
        .shared()
    }
}

/// `GET /health`
pub(crate) async fn show(State(storefront): State<Storefront>, headers: HeaderMap) -> Response {
    let report = storefront.health().report().await;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if wants_one_word(&headers) {
        (no_store, format!("{}\n", report.status.word())).into_response()
    } else {
        (no_store, Json(&*report)).into_response()
    }
}

/// Whether plain text is asked for and JSON is not.
fn wants_one_word(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    accept.contains("text/plain") && !accept.contains("json")
}
