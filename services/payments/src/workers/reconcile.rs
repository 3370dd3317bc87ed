//! Compares our books with the provider's: what a lost answer and a lost webhook left open is found here, and so is what should
//! not be at all. Every finding is a turn like any other, so a comparison may break off anywhere and be begun anew.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use anyhow::Context as _;
use chassis::{
    failpoint,
    worker::{Step, Worker},
};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::PaymentId;

use super::Desk;
use crate::{
    db::{self, reconciliation::Compared},
    metrics::PaymentMetrics,
    provider::{Intent, Verdict},
    turns::Turn,
};

/// How far back the books are compared. Nothing stays in doubt for half as long.
const WINDOW: TimeDelta = TimeDelta::hours(48);

/// The worker that compares.
pub(crate) struct Reconcile {
    desk: Desk,
    metrics: PaymentMetrics,
}

impl Reconcile {
    pub(crate) fn new(desk: Desk, metrics: PaymentMetrics) -> Self {
        Self { desk, metrics }
    }
}

impl Worker for Reconcile {
    const NAME: &'static str = "reconcile";

    async fn step(&mut self) -> anyhow::Result<Step> {
        if self.desk.provider.room(1) == 0 {
            return Ok(Step::Idle);
        }
        let pause = Duration::from_millis(self.desk.timing.reconcile_every_ms);
        let mut connection = self.desk.database.acquire().await?;
        let begun = db::reconciliation::begin(&mut connection, pause).await?;
        drop(connection);
        let Some(begun) = begun else {
            return Ok(Step::Idle);
        };
        let seen = self.compare_theirs(begun).await?;
        let missing = self.compare_ours(begun, &seen).await?;
        tracing::info!(intents = seen.len(), missing, "the books were compared");
        Ok(Step::Idle)
    }
}

impl Reconcile {
    /// Goes through the provider's books; gives the intents that are in them.
    async fn compare_theirs(&self, begun: DateTime<Utc>) -> anyhow::Result<HashSet<String>> {
        let mut seen = HashSet::new();
        let mut after = None;
        loop {
            let page = self
                .desk
                .provider
                .intents_since(begun - WINDOW, after)
                .await
                .context("the provider's list cannot be read")?;
            let known = self.known(&page.intents).await?;
            for intent in &page.intents {
                self.compare(intent, &known).await?;
                failpoint::hit("payments.reconcile.mid_batch");
            }
            seen.extend(page.intents.into_iter().map(|intent| intent.id));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(seen),
            }
        }
    }

    async fn known(&self, intents: &[Intent]) -> anyhow::Result<HashMap<PaymentId, Compared>> {
        let ids: Vec<_> = intents
            .iter()
            .filter_map(|intent| intent.payment().map(|payment| payment.0))
            .collect();
        let mut connection = self.desk.database.acquire().await?;
        let known = db::reconciliation::known(&mut connection, &ids).await?;
        Ok(known
            .into_iter()
            .map(|payment| (payment.id, payment))
            .collect())
    }

    async fn compare(
        &self,
        intent: &Intent,
        known: &HashMap<PaymentId, Compared>,
    ) -> anyhow::Result<()> {
        // Without it, it is not of ours: others may use the same account.
        let Some(id) = intent.payment() else {
            return Ok(());
        };
        let Some(payment) = known.get(&id) else {
            if intent.verdict() == Verdict::Charged {
                // Its request is still to be delivered, again, to a database that has lost it.
                self.metrics
                    .stray_charges
                    .with_label_values(&["unknown"])
                    .inc();
                tracing::error!(payment = %id, intent = intent.id, "a charge of a payment that is not known here");
            }
            return Ok(());
        };
        if let Some(turn) = finding(intent, payment) {
            self.desk
                .turns
                .conclude(id, turn, "payments.after_commit")
                .await?;
        }
        Ok(())
    }

    /// Looks for the charges that we have noted and that were not in the list; gives how many are missing.
    async fn compare_ours(
        &self,
        begun: DateTime<Utc>,
        seen: &HashSet<String>,
    ) -> anyhow::Result<usize> {
        let mut connection = self.desk.database.acquire().await?;
        // An intent is made before its charge is noted: those at the edge of the window may be in our part only.
        let captured = db::reconciliation::captured(&mut connection, begun - WINDOW, begun).await?;
        drop(connection);
        let mut missing = 0;
        for (id, reference) in captured.iter().filter(|(_, intent)| !seen.contains(intent)) {
            let intent = self.desk.provider.intent(reference).await?;
            if !intent.is_some_and(|intent| intent.verdict() == Verdict::Charged) {
                missing += 1;
                self.desk
                    .turns
                    .conclude(*id, Turn::BooksDiffer, "payments.after_commit")
                    .await?;
            }
        }
        Ok(missing)
    }
}

/// What an intent says that our books do not.
fn finding<'a>(intent: &'a Intent, payment: &Compared) -> Option<Turn<'a>> {
    let is_noted = payment.intent.as_deref() == Some(intent.id.as_str());
    let is_unclear = ["IN_DOUBT", "MANUAL"].contains(&payment.state.as_str());
    match intent.verdict() {
        Verdict::Charged if is_noted && !is_unclear => {
            let theirs = intent.amount_refunded().unwrap_or(0);
            (theirs > payment.refunded_minor).then_some(Turn::BooksDiffer)
        }
        Verdict::Charged => Some(Turn::Charged(intent)),
        Verdict::Declined(code) => {
            let attempt = intent.attempt()?;
            (is_unclear && attempt == payment.attempt).then_some(Turn::Declined {
                attempt,
                code,
                is_final: false,
            })
        }
        Verdict::Open | Verdict::Stuck => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(status: &str, refunded: i64) -> Intent {
        let text = format!(
            r#"{{"id":"pi_1","amount_received":5,"currency":"eur","status":"{status}",
                "latest_charge":{{"id":"ch_1","amount_refunded":{refunded}}},"metadata":{{"attempt":"1"}},
                "last_payment_error":{{"code":"card_declined"}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn payment(state: &str, intent: Option<&str>) -> Compared {
        Compared {
            id: PaymentId::generate(),
            state: state.to_owned(),
            attempt: 1,
            intent: intent.map(ToOwned::to_owned),
            refunded_minor: 2,
        }
    }

    #[test]
    fn what_agrees_is_left_alone() {
        for (intent, payment) in [
            (intent("succeeded", 2), payment("CAPTURED", Some("pi_1"))),
            (intent("succeeded", 1), payment("CAPTURED", Some("pi_1"))),
            (intent("processing", 0), payment("IN_DOUBT", None)),
            (
                intent("requires_payment_method", 0),
                payment("DECLINED", None),
            ),
            (
                intent("requires_payment_method", 0),
                payment("CAPTURED", Some("pi_2")),
            ),
        ] {
            assert!(
                finding(&intent, &payment).is_none(),
                "{intent:?} {payment:?}"
            );
        }
    }

    #[test]
    fn what_differs_is_found() {
        let charge = intent("succeeded", 0);
        for state in ["IN_DOUBT", "MANUAL", "CANCELLED", "DECLINED"] {
            let found = finding(&charge, &payment(state, None));
            assert!(matches!(found, Some(Turn::Charged(_))), "{state}");
        }
        let second = finding(&charge, &payment("CAPTURED", Some("pi_2")));
        assert!(matches!(second, Some(Turn::Charged(_))));
        let more_refunded = intent("succeeded", 3);
        let found = finding(&more_refunded, &payment("CAPTURED", Some("pi_1")));
        assert!(matches!(found, Some(Turn::BooksDiffer)));
        let declined = intent("requires_payment_method", 0);
        let found = finding(&declined, &payment("IN_DOUBT", None));
        assert!(matches!(found, Some(Turn::Declined { attempt: 1, .. })));
    }
}
