//! The one place where a payment changes: under its lock, by the state machine, with ledger and outbox in one transaction.
//!
//! Whatever is learned of a payment comes here: from a consumer, from the answer to a call, from a webhook, from the
//! reconciler, from an operator. So it does not matter which of them is first, or how often the same is learned.

mod effects;

use std::time::Duration;

use chassis::{Database, failpoint, worker::Wake};
use contracts::{Money, PaymentId, RefundId};
use sqlx::{Postgres, Transaction};

use crate::{
    db::{
        self,
        payments::{Due, Stored},
    },
    domain::payment::{Effect, Event, Refusal, State},
    metrics::PaymentMetrics,
    provider::Intent,
};
use effects::Effects;

/// Something that was learned, with what has to be noted of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn<'a> {
    CancelRequested,
    /// The intent has succeeded.
    Charged(&'a Intent),
    /// Nothing was charged under this attempt's key, and nothing will be.
    Declined {
        attempt: i32,
        code: &'a str,
        is_final: bool,
    },
    NeverFound,
    BooksDiffer,
    RefundRequested(&'a RefundOrder<'a>),
    /// The provider's name of the refund.
    RefundSucceeded {
        refund: RefundId,
        reference: &'a str,
    },
    RefundFailed {
        refund: RefundId,
        why: &'a str,
    },
    RefundNeverFound,
    RefundReopened(RefundId),
    Reopened,
}

/// A refund that somebody wants.
#[derive(Debug)]
pub(crate) struct RefundOrder<'a> {
    pub(crate) id: RefundId,
    pub(crate) amount: Money,
    pub(crate) reason: &'a str,
}

/// Why a turn was not taken. It changed nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no such payment")]
    Unknown,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Takes turns. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns {
    database: Database,
    metrics: PaymentMetrics,
    outbox: Wake,
    /// To be woken when there is a refund to send.
    refunds: Wake,
    decline_pause: Duration,
}

impl Turns {
    /// `refunds` wakes the worker that sends them.
    pub(crate) fn new(
        database: Database,
        metrics: PaymentMetrics,
        outbox: Wake,
        refunds: Wake,
        decline_pause: Duration,
    ) -> Self {
        Self {
            database,
            metrics,
            outbox,
            refunds,
            decline_pause,
        }
    }

    /// Takes a turn in a transaction of its own: what the answer to a call does.
    /// `after` is the fail-point behind the commit.
    pub(crate) async fn conclude(
        &self,
        id: PaymentId,
        turn: Turn<'_>,
        after: &'static str,
    ) -> anyhow::Result<()> {
        let mut tx = self.database.begin().await?;
        match self.take(&mut tx, id, turn).await {
            Ok(()) => {}
            Err(Error::Refused(refusal)) => {
                tracing::warn!(payment = %id, ?turn, %refusal, "a turn was refused");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        tx.commit().await?;
        failpoint::hit(after);
        self.committed();
        Ok(())
    }

    /// Counts something that was said.
    pub(crate) fn count(&self, outcome: &str) {
        self.metrics.outcomes.with_label_values(&[outcome]).inc();
    }

    /// To be called after the commit of turns.
    pub(crate) fn committed(&self) {
        self.outbox.wake();
        self.refunds.wake();
    }

    /// Takes a turn in the caller's transaction.
    pub(crate) async fn take(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        id: PaymentId,
        turn: Turn<'_>,
    ) -> Result<(), Error> {
        let mut stored = db::payments::lock(tx, id).await?.ok_or(Error::Unknown)?;
        let before = stored.payment;
        let Some(event) = self.event(tx, &stored, turn).await? else {
            return Ok(());
        };
        let (after, todo) = match stored.payment.after(event) {
            Ok(turned) => turned,
            Err(refusal) => return self.refused(tx, stored, turn, refusal).await,
        };
        stored.payment = after;
        if let Turn::Charged(intent) = turn
            && todo.contains(&Effect::NoteCharge)
        {
            stored.intent = Some(intent.id.clone());
        }
        if let Turn::Declined { code, .. } = turn
            && after != before
        {
            stored.decline_code = Some(code.to_owned());
            if after.attempt != before.attempt {
                stored.intent = None;
            }
        }
        let mut effects = Effects {
            tx: &mut *tx,
            stored: &mut stored,
            turn,
            metrics: &self.metrics,
        };
        for effect in todo {
            effects.apply(*effect).await?;
        }
        if after != before || !todo.is_empty() {
            let due = self.due(before.state, &stored);
            db::payments::save(tx, &stored, &before, due).await?;
        }
        if after.state != before.state {
            self.report(&stored, before.state);
        }
        Ok(())
    }

    /// What the turn is to the state machine; none if it has been taken already.
    async fn event(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        stored: &Stored,
        turn: Turn<'_>,
    ) -> Result<Option<Event>, Error> {
        Ok(Some(match turn {
            Turn::CancelRequested => Event::CancelRequested,
            Turn::Charged(intent) => {
                let currency = stored
                    .request
                    .as_ref()
                    .map(|request| request.amount.currency);
                Event::Charged {
                    minor: intent.amount_received,
                    is_right_currency: currency.is_some_and(|currency| {
                        currency.code().eq_ignore_ascii_case(&intent.currency)
                    }),
                    is_known: db::ledger::has(tx, effects::charge_of(intent)).await?,
                }
            }
            Turn::Declined {
                attempt, is_final, ..
            } => Event::Declined { attempt, is_final },
            Turn::NeverFound => Event::NeverFound,
            Turn::BooksDiffer => Event::BooksDiffer,
            Turn::RefundRequested(order) => {
                if db::refunds::find(tx, order.id).await?.is_some() {
                    return Ok(None);
                }
                Event::RefundRequested {
                    minor: order.amount.minor,
                }
            }
            Turn::RefundSucceeded { refund, reference } => {
                match effects::end_refund(tx, stored.id, refund, Ok(reference)).await? {
                    Some(minor) => Event::RefundSucceeded { minor },
                    None => return Ok(None),
                }
            }
            Turn::RefundFailed { refund, why } => {
                match effects::end_refund(tx, stored.id, refund, Err(why)).await? {
                    Some(minor) => Event::RefundFailed { minor },
                    None => return Ok(None),
                }
            }
            Turn::RefundReopened(refund) => {
                let refund = db::refunds::find(tx, refund).await?.ok_or(Error::Unknown)?;
                Event::RefundReopened {
                    minor: refund.minor,
                }
            }
            Turn::RefundNeverFound => Event::RefundNeverFound,
            Turn::Reopened => Event::Reopened,
        }))
    }

    /// A refund that cannot be is answered; everything else that cannot be is the caller's to decide.
    async fn refused(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        mut stored: Stored,
        turn: Turn<'_>,
        refusal: Refusal,
    ) -> Result<(), Error> {
        let (Turn::RefundRequested(order), Refusal::NothingCharged | Refusal::TooMuch) =
            (turn, refusal)
        else {
            return Err(refusal.into());
        };
        let before = stored.payment;
        let mut effects = Effects {
            tx: &mut *tx,
            stored: &mut stored,
            turn,
            metrics: &self.metrics,
        };
        effects.refuse_refund(order, &refusal.to_string()).await?;
        db::payments::save(tx, &stored, &before, Due::AsBefore).await?;
        Ok(())
    }

    fn due(&self, before: State, stored: &Stored) -> Due {
        match stored.payment.state {
            // The next attempt, after a pause.
            State::Pending => Due::In(self.decline_pause),
            State::InDoubt if before == State::InDoubt => Due::AsBefore,
            State::InDoubt => Due::In(Duration::ZERO),
            _ => Due::Never,
        }
    }

    fn report(&self, stored: &Stored, before: State) {
        let after = stored.payment.state;
        let (payment, order, attempt) = (stored.id, stored.order, stored.payment.attempt);
        if let State::Manual(trouble) = after {
            self.metrics.outcomes.with_label_values(&["manual"]).inc();
            let trouble = trouble.name();
            tracing::error!(%payment, %order, attempt, trouble, "a person has to look at a payment");
        } else {
            let (before, after) = (before.name(), after.name());
            tracing::info!(%payment, %order, attempt, before, after, "a payment took a turn");
        }
    }
}
