//! Calls of the provider: bounded in time, number and rate, and not made at all while it does not answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chassis::{
    Secret,
    breaker::{Breaker, Outlook},
    failpoint, http_client,
    metrics::Metrics,
    planted,
};
use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, PaymentId, RefundId};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use prometheus::HistogramVec;
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    failure::{Answer, Failure, Unclear, read},
    objects::{Intent, List, RefundObject},
};
use crate::config::ProviderConfig;

/// Objects on one page of a list: the most that Stripe gives.
const PAGE: usize = 100;

/// The provider. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    url: String,
    api_key: Secret,
    breaker: Breaker,
    permits: Semaphore,
    limiter: DefaultDirectRateLimiter,
    calls: HistogramVec,
}

/// A charge to be made.
#[derive(Debug, Clone)]
pub(crate) struct ChargeRequest<'a> {
    pub(crate) payment: PaymentId,
    pub(crate) order: OrderId,
    pub(crate) attempt: i32,
    pub(crate) amount: Money,
    pub(crate) method: &'a str,
}

/// A refund to be made.
#[derive(Debug, Clone)]
pub(crate) struct RefundRequest<'a> {
    pub(crate) refund: RefundId,
    pub(crate) attempt: i32,
    pub(crate) intent: &'a str,
    pub(crate) minor: i64,
}

/// A page of intents, newest first.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) intents: Vec<Intent>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

impl Provider {
    /// Not asked yet.
    pub(crate) fn new(config: &ProviderConfig, calls: HistogramVec, metrics: &Metrics) -> Self {
        let burst = config.calls_per_second.get().div_ceil(4);
        let burst = std::num::NonZeroU32::new(burst).unwrap_or(std::num::NonZeroU32::MIN);
        let quota = Quota::per_second(config.calls_per_second).allow_burst(burst);
        let open_for = Duration::from_millis(config.breaker_open_ms);
        Self(Arc::new(Inner {
            http: http_client::new(Duration::from_millis(config.timeout_ms)),
            url: config.url.clone(),
            api_key: config.api_key_file.clone(),
            breaker: Breaker::opening_for(open_for, "psp", metrics),
            permits: Semaphore::new(config.concurrency.get()),
            limiter: RateLimiter::direct(quota),
            calls,
        }))
    }

    /// How many calls are worth preparing now, at most `most`: none while it does not answer, one to see whether it does.
    pub(crate) fn room(&self, most: usize) -> usize {
        match self.0.breaker.outlook() {
            Outlook::Closed => most,
            Outlook::Probe => most.min(1),
            Outlook::Open => 0,
        }
    }

    /// Makes and confirms a `PaymentIntent`. The same payment and attempt is the same request under the same key.
    pub(crate) async fn charge(&self, charge: &ChargeRequest<'_>) -> Result<Intent, Failure> {
        let mut key = format!("{}:{}", charge.payment, charge.attempt);
        if planted::is_planted("new_key_on_retry") {
            key = Uuid::new_v4().to_string();
        }
        let form = [
            ("amount", charge.amount.minor.to_string()),
            ("currency", charge.amount.currency.code().to_lowercase()),
            ("payment_method", charge.method.to_owned()),
            ("confirm", "true".to_owned()),
            ("metadata[order_id]", charge.order.to_string()),
            ("metadata[payment_id]", charge.payment.to_string()),
            ("metadata[attempt]", charge.attempt.to_string()),
        ];
        self.call(
            "charge",
            Method::POST,
            "/v1/payment_intents",
            &form,
            Some(&key),
        )
        .await
    }

    /// Gives money back. The same refund and attempt is the same request under the same key.
    pub(crate) async fn refund(&self, refund: &RefundRequest<'_>) -> Result<RefundObject, Failure> {
        let key = match refund.attempt {
            1 => refund.refund.to_string(),
            attempt => format!("{}:{attempt}", refund.refund),
        };
        let form = [
            ("payment_intent", refund.intent.to_owned()),
            ("amount", refund.minor.to_string()),
            ("reason", "requested_by_customer".to_owned()),
            ("metadata[refund_id]", refund.refund.to_string()),
        ];
        self.call("refund", Method::POST, "/v1/refunds", &form, Some(&key))
            .await
    }

    /// One intent; none if the provider does not know it.
    pub(crate) async fn intent(&self, id: &str) -> Result<Option<Intent>, Failure> {
        let path = format!("/v1/payment_intents/{id}");
        match self.call("get_intent", Method::GET, &path, &[], None).await {
            Ok(intent) => Ok(Some(intent)),
            Err(Failure::Refused { code, .. }) if code == "resource_missing" => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A page of the intents that were made since then, each with its charge.
    pub(crate) async fn intents_since(
        &self,
        since: DateTime<Utc>,
        starting_after: Option<String>,
    ) -> Result<Found, Failure> {
        let mut query = vec![
            ("limit", PAGE.to_string()),
            ("created[gte]", since.timestamp().max(0).to_string()),
            ("expand[]", "data.latest_charge".to_owned()),
        ];
        query.extend(starting_after.map(|id| ("starting_after", id)));
        let list: List<Intent> = self
            .call(
                "list_intents",
                Method::GET,
                "/v1/payment_intents",
                &query,
                None,
            )
            .await?;
        let next = list.data.last().filter(|_| list.has_more);
        Ok(Found {
            next: next.map(|intent| intent.id.clone()),
            intents: list.data,
        })
    }

    /// The intents that were made for a payment since then, newest first.
    pub(crate) async fn intents_of(
        &self,
        payment: PaymentId,
        since: DateTime<Utc>,
    ) -> Result<Vec<Intent>, Failure> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self.intents_since(since, after).await?;
            let ours = page.intents.into_iter();
            found.extend(ours.filter(|intent| intent.payment() == Some(payment)));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// The refund of this amount that was made of an intent for a refund of ours.
    pub(crate) async fn refund_of(
        &self,
        intent: &str,
        refund: RefundId,
        minor: i64,
    ) -> Result<Option<RefundObject>, Failure> {
        let mut after: Option<String> = None;
        loop {
            let mut query = vec![
                ("limit", PAGE.to_string()),
                ("payment_intent", intent.to_owned()),
            ];
            query.extend(after.take().map(|id| ("starting_after", id)));
            let list: List<RefundObject> = self
                .call("list_refunds", Method::GET, "/v1/refunds", &query, None)
                .await?;
            let end = list.data.last().map(|refund| refund.id.clone());
            let mut ours = list.data.into_iter();
            if let Some(found) =
                ours.find(|found| found.refund() == Some(refund) && found.amount == minor)
            {
                return Ok(Some(found));
            }
            after = end.filter(|_| list.has_more);
            if after.is_none() {
                return Ok(None);
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        parameters: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<T, Failure> {
        let _permit = self
            .0
            .permits
            .acquire()
            .await
            .expect("BUG: the semaphore is never closed");
        self.0.limiter.until_ready().await;
        if let Err(open) = self.0.breaker.admit() {
            return Err(Failure::NotAsked {
                retry_after: open.retry_after,
            });
        }
        let started = Instant::now();
        let outcome = self
            .exchange(operation, method, path, parameters, key)
            .await;
        match &outcome {
            Err(Failure::Unclear(unclear)) if is_away(unclear) => self.0.breaker.failed(),
            _ => self.0.breaker.succeeded(),
        }
        let label = match &outcome {
            Ok(_) => "answered",
            Err(failure) => failure.outcome(),
        };
        self.0
            .calls
            .with_label_values(&[operation, label])
            .observe(started.elapsed().as_secs_f64());
        if let Err(failure) = &outcome {
            tracing::info!(operation, outcome = label, key, %failure, "the provider did not do it");
        }
        outcome
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        parameters: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<T, Failure> {
        let mut request = self
            .0
            .http
            .request(method.clone(), format!("{}{path}", self.0.url))
            .bearer_auth(self.0.api_key.expose());
        if method == Method::GET {
            request = request.query(parameters);
        } else {
            let form = serde_urlencoded::to_string(parameters)
                .expect("BUG: pairs of texts are always a form");
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.map_err(|error| lost(&error))?;
        // The provider has done it; nothing here has been told yet.
        match operation {
            "charge" => failpoint::hit("payments.after_send_before_response"),
            "refund" => failpoint::hit("payments.refund.after_send_before_response"),
            _ => {}
        }
        let answer = receive(response).await?;
        if answer.status != 200 {
            return Err(read(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            let what = format!("the answer is not what was asked for: {error}");
            Failure::Unclear(Unclear::new("unexpected", what))
        })
    }
}

/// Whether the provider is not there, rather than busy or of another opinion.
fn is_away(unclear: &Unclear) -> bool {
    unclear.is_server_error || matches!(unclear.outcome, "timeout" | "unreachable")
}

fn lost(error: &reqwest::Error) -> Failure {
    let outcome = if error.is_timeout() {
        "timeout"
    } else {
        "unreachable"
    };
    let mut what = String::from("no answer");
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        what = format!("{what}: {error}");
        cause = error.source();
    }
    Failure::Unclear(Unclear::new(outcome, what))
}

async fn receive(response: Response) -> Result<Answer, Failure> {
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(ToOwned::to_owned)
    };
    let is_replayed = header("idempotent-replayed").is_some_and(|value| value == "true");
    let retry_after = header("retry-after")
        .and_then(|value| value.parse().ok())
        .map(Duration::from_secs);
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(|error| lost(&error))?;
    Ok(Answer {
        status,
        is_replayed,
        retry_after,
        body: body.to_vec(),
    })
}
