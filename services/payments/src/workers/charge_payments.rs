//! Charges payments. First the mark that they may have been charged is committed, then the provider is asked, then what it
//! said is committed. Between any two of these the process may die: the mark makes the question be asked again, under the same
//! key, and the provider answers a question that it has answered before with the same answer.

use std::time::Duration;

use chassis::{
    correlation::within,
    failpoint, outbox,
    process::Chain,
    worker::{Step, Worker},
};
use chrono::TimeDelta;
use contracts::payments::PaymentStarted;

use super::{Desk, Pool, charges_before_the_mark, is_worth_a_look};
use crate::{
    db::{
        self,
        queue::{Leased, Marks, Postponement},
    },
    domain::payment::{Effect, Event},
    provider::{ChargeRequest, Failure, Intent, Unclear, Verdict},
    turns::Turn,
};

/// The provider's clock may be behind ours by this much.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);

/// The worker that charges.
pub(crate) struct ChargePayments {
    desk: Desk,
    calls: Pool,
}

impl ChargePayments {
    pub(crate) fn new(desk: Desk, calls: Pool) -> Self {
        Self { desk, calls }
    }
}

impl Worker for ChargePayments {
    const NAME: &'static str = "charge_payments";
    const GATHER: Duration = Duration::from_millis(20);

    async fn step(&mut self) -> anyhow::Result<Step> {
        let room = self.desk.provider.room(self.calls.free());
        let leased = if room == 0 {
            Vec::new()
        } else {
            self.desk.lease(room).await?
        };
        if leased.is_empty() {
            let any = self.calls.settle().await;
            return Ok(if any { Step::Worked(0) } else { Step::Idle });
        }
        let number = leased.len();
        for payment in leased {
            let desk = self.desk.clone();
            self.calls.start(async move {
                let id = payment.id;
                let correlation = payment.correlation.clone();
                let charging = async {
                    if let Err(error) = desk.charge(payment).await {
                        tracing::warn!(payment = %id, error = %Chain(&error), "what the provider said could not be noted");
                    }
                };
                Box::pin(within(correlation, charging)).await;
            });
        }
        Ok(Step::Worked(number))
    }
}

/// What a try has brought.
enum Learned {
    Charged(Box<Intent>),
    Declined {
        code: String,
        is_final: bool,
    },
    /// It is known there and takes its time.
    Settling {
        intent: String,
    },
    /// Too old to be sent again, and not in the provider's books.
    Nowhere,
    Nothing(Failure),
}

impl Desk {
    /// Takes up to `room` payments that are due, and marks them: from the commit on they may have been charged.
    async fn lease(&self, room: usize) -> anyhow::Result<Vec<Leased>> {
        let mut connection = self.database.acquire().await?;
        if !db::queue::has_due(&mut connection).await? {
            return Ok(Vec::new());
        }
        drop(connection);
        let mut tx = self.database.begin().await?;
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let due = db::queue::lock_due(&mut tx, limit).await?;
        let mut marks = Marks::default();
        for mut stored in due {
            let (payment, effects) = stored.payment.after(Event::SendingBegins)?;
            if effects.contains(&Effect::SayStarted) {
                stored.version += 1;
                let event = PaymentStarted {
                    payment_id: stored.id,
                    version: stored.version,
                    order_id: stored.order,
                };
                let publishing = outbox::publish(&mut tx, &event);
                within(stored.correlation.clone(), publishing).await?;
                self.turns.count("started");
            }
            let marked = if charges_before_the_mark() {
                stored.payment
            } else {
                payment
            };
            marks.ids.push(stored.id.0);
            marks.states.push(marked.state.name().to_owned());
            marks.versions.push(stored.version);
        }
        let leased = db::queue::lease(&mut tx, &marks, self.terms()).await?;
        tx.commit().await?;
        if !leased.is_empty() {
            failpoint::hit("payments.after_lease");
            self.turns.committed();
        }
        Ok(leased)
    }

    async fn charge(&self, leased: Leased) -> anyhow::Result<()> {
        let learned = self.learn(&leased).await;
        failpoint::hit("payments.after_response_before_commit");
        let turn = match &learned {
            Learned::Charged(intent) => Turn::Charged(intent),
            Learned::Declined { code, is_final } => Turn::Declined {
                attempt: leased.attempt,
                code,
                is_final: *is_final,
            },
            Learned::Nowhere => Turn::NeverFound,
            Learned::Settling { intent } => {
                return self.postpone(&leased, None, Some(intent)).await;
            }
            Learned::Nothing(failure) => return self.postpone(&leased, Some(failure), None).await,
        };
        self.turns
            .conclude(leased.id, turn, "payments.after_commit")
            .await
    }

    async fn learn(&self, leased: &Leased) -> Learned {
        if let Some(intent) = &leased.intent {
            return match self.provider.intent(intent).await {
                Ok(Some(intent)) => Learned::of(intent, leased),
                Ok(None) if leased.is_stale => Learned::Nowhere,
                Ok(None) => Learned::Nothing(Failure::Unclear(Unclear::new(
                    "unexpected",
                    "the provider does not know its own intent",
                ))),
                Err(failure) => Learned::Nothing(failure),
            };
        }
        if leased.is_stale {
            return match self.look_up(leased).await {
                Ok(found) => found.unwrap_or(Learned::Nowhere),
                Err(failure) => Learned::Nothing(failure),
            };
        }
        failpoint::hit("payments.before_send");
        let request = ChargeRequest {
            payment: leased.id,
            order: leased.order,
            attempt: leased.attempt,
            amount: leased.amount,
            method: &leased.method,
        };
        match self.provider.charge(&request).await {
            Ok(intent) => Learned::of(intent, leased),
            Err(Failure::Declined { code, .. }) => Learned::Declined {
                code,
                is_final: false,
            },
            Err(Failure::Refused { code, message }) => {
                tracing::warn!(payment = %leased.id, code, message, "the provider refuses a charge as it was asked for");
                Learned::Declined {
                    code,
                    is_final: true,
                }
            }
            Err(failure) if is_worth_a_look(&failure, leased.server_errors) => {
                match self.look_up(leased).await {
                    Ok(Some(found)) => found,
                    // That it is not in the books yet does not mean that it will not be.
                    Ok(None) | Err(_) => Learned::Nothing(failure),
                }
            }
            Err(failure) => Learned::Nothing(failure),
        }
    }

    /// Looks for the payment in the provider's books, instead of asking for it.
    async fn look_up(&self, leased: &Leased) -> Result<Option<Learned>, Failure> {
        let since = leased.first_sent_at - CLOCK_DIFFERENCE;
        let found = self.provider.intents_of(leased.id, since).await?;
        let (charged, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|intent| intent.verdict() == Verdict::Charged);
        let mut this_attempt = others
            .into_iter()
            .filter(|intent| intent.attempt() == Some(leased.attempt));
        let found = charged.into_iter().next().or_else(|| this_attempt.next());
        Ok(found.map(|intent| Learned::of(intent, leased)))
    }

    async fn postpone(
        &self,
        leased: &Leased,
        failure: Option<&Failure>,
        reference: Option<&str>,
    ) -> anyhow::Result<()> {
        let setback = self.setback(failure, leased.failures, leased.server_errors);
        let postponement = Postponement {
            pause: setback.pause,
            failures: setback.failures,
            server_errors: setback.server_errors,
            reference,
        };
        let mut connection = self.database.acquire().await?;
        db::queue::postpone(&mut connection, leased, &postponement).await?;
        Ok(())
    }
}

impl Learned {
    /// What an intent of the payment says.
    fn of(intent: Intent, leased: &Leased) -> Self {
        match intent.verdict() {
            Verdict::Charged => Self::Charged(Box::new(intent)),
            Verdict::Declined(code) => Self::Declined {
                code: code.to_owned(),
                is_final: false,
            },
            Verdict::Stuck if leased.is_stale => Self::Nowhere,
            Verdict::Open | Verdict::Stuck => Self::Settling { intent: intent.id },
        }
    }
}
