//! Tells every event, at least once, until the receiver has said 2xx. In no particular order, as at Stripe.

use std::time::Duration;

use chassis::{
    Secret, http_client,
    metrics::Metrics,
    worker::{Step, Worker},
};
use chrono::TimeDelta;
use futures::future::join_all;
use prometheus::IntCounterVec;

use super::signature::sign;
use crate::{
    assembly::State,
    db::{self, deliveries::Leased},
    domain::event::Event,
    execution,
    faults::Fault,
    knobs::WebhookKnobs,
    metrics::WEBHOOKS,
};

/// Events told at once.
const BATCH: i64 = 16;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a batch takes; then another process may try.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const MAX_PAUSE: Duration = Duration::from_mins(1);
/// Well beyond the five minutes that receivers tolerate.
const OLD_SECONDS: i64 = 3_600;

pub(crate) struct DeliverWebhooks {
    state: State,
    client: reqwest::Client,
    url: String,
    secret: Secret,
    outcomes: IntCounterVec,
}

impl DeliverWebhooks {
    pub(crate) fn new(state: State, url: String, secret: Secret, metrics: &Metrics) -> Self {
        let outcomes = metrics.counter(&WEBHOOKS);
        for outcome in ["delivered", "failed"] {
            outcomes.with_label_values(&[outcome]);
        }
        Self {
            state,
            client: http_client::new(TIMEOUT),
            url,
            secret,
            outcomes,
        }
    }

    async fn deliver(&self, leased: Leased, knobs: &WebhookKnobs) -> anyhow::Result<()> {
        let mut connection = self.state.database.acquire().await?;
        let event = db::events::find(&mut connection, &leased.event).await?;
        // Not held while the receiver takes its time.
        drop(connection);
        let Some(event) = event else {
            return Ok(());
        };
        let mut struck = Vec::new();
        let mut outcome = self.post(&event, knobs, &mut struck).await;
        if self.state.faults.strikes(knobs.duplicate) {
            struck.push(Fault::WebhookDuplicated);
            let second = self.post(&event, knobs, &mut struck).await;
            outcome = outcome.or(second);
        }
        self.state.faults.happened(&struck).await;
        let mut connection = self.state.database.acquire().await?;
        match outcome {
            Ok(status) => {
                self.outcomes.with_label_values(&["delivered"]).inc();
                db::deliveries::delivered(&mut connection, &event.id, &status).await?;
            }
            Err(why) => {
                self.outcomes.with_label_values(&["failed"]).inc();
                let due_at = execution::now() + pause(knobs.retry_ms, leased.attempts);
                db::deliveries::failed(&mut connection, &event.id, &why, due_at).await?;
            }
        }
        Ok(())
    }

    /// The status if it was 2xx, else what was wrong.
    async fn post(
        &self,
        event: &Event,
        knobs: &WebhookKnobs,
        struck: &mut Vec<Fault>,
    ) -> Result<String, String> {
        let payload = event.to_json().to_string();
        let mut at = execution::now().timestamp();
        if self.state.faults.strikes(knobs.old_timestamp) {
            struck.push(Fault::WebhookOldTimestamp);
            at -= OLD_SECONDS;
        }
        let signature = if self.state.faults.strikes(knobs.wrong_signature) {
            struck.push(Fault::WebhookWrongSignature);
            sign(
                &Secret::new(format!("not {}", self.secret.expose())),
                at,
                &payload,
            )
        } else {
            sign(&self.secret, at, &payload)
        };
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .body(payload);
        match request.send().await {
            Ok(response) if response.status().is_success() => {
                Ok(response.status().as_u16().to_string())
            }
            Ok(response) => Err(response.status().as_u16().to_string()),
            Err(error) => Err(error.without_url().to_string()),
        }
    }
}

impl Worker for DeliverWebhooks {
    const NAME: &'static str = "deliver_webhooks";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let knobs = self.state.faults.knobs().await?;
        if !knobs.webhooks.enabled {
            return Ok(Step::Idle);
        }
        let now = execution::now();
        let mut connection = self.state.database.acquire().await?;
        let leased = db::deliveries::lease(&mut connection, now, now + LEASE, BATCH).await?;
        drop(connection);
        let number = leased.len();
        let delivered = join_all(
            leased
                .into_iter()
                .map(|leased| self.deliver(leased, &knobs.webhooks)),
        )
        .await;
        delivered.into_iter().collect::<anyhow::Result<()>>()?;
        Ok(if number == 0 {
            Step::Idle
        } else {
            Step::Worked(number)
        })
    }
}

/// Doubles with each attempt.
fn pause(first_ms: u64, attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    Duration::from_millis(first_ms)
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_minute() {
        let pauses: Vec<_> = (1..=8)
            .map(|attempt| pause(1_000, attempt).as_secs())
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
