//! Lets orders take their turns: locks them, asks the domain what comes of what happened, and writes state, history, refunds
//! and events in the caller's transaction. Everything that ever changes an order goes through here.

mod desk;

use std::sync::Arc;

use chassis::{Correlation, clock, correlation::within_now, worker::Wake};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Money, OrderId, RefundId};
use desk::Desk;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    changes::Changes,
    config::SagaConfig,
    db::refunds::NewRefund,
    domain::{
        order::State,
        progress::{Event, Progress, Refusal},
    },
    metrics::OrdersMetrics,
};

/// Lets orders take their turns. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Saga {
    pub(crate) settings: Arc<SagaConfig>,
    pub(crate) metrics: OrdersMetrics,
    pub(crate) changes: Changes,
    pub(crate) outbox: Wake,
}

/// Something that happened to an order.
#[derive(Debug, Clone)]
pub(crate) struct Signal {
    pub(crate) order: OrderId,
    pub(crate) happening: Happening,
    /// What the history says of why.
    pub(crate) cause: &'static str,
    pub(crate) cause_id: Option<Uuid>,
    /// The trace of what comes of it, where that is not the one of what is being worked on.
    pub(crate) correlation: Option<Correlation>,
    /// Why it ends, for people, in case it does.
    pub(crate) reason: Option<String>,
}

/// What happened, with what the domain need not know.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Plain(Event),
    Captured(Money),
    RefundCompleted(RefundId, Money),
    RefundFailed(RefundId, String),
    RefundAsked(NewRefund),
    Shipped {
        carrier: Option<String>,
        tracking_number: Option<String>,
    },
}

/// Why nothing came of a signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is no such order")]
    UnknownOrder,
    #[error("no such refund was asked for")]
    UnknownRefund,
    #[error("it is in another currency than the order")]
    OtherCurrency,
    #[error(transparent)]
    Domain(#[from] Refusal),
}

/// A turn that an order took, to be told after the commit.
#[derive(Debug, Clone)]
pub(crate) struct News {
    order: OrderId,
    version: i64,
    states: Vec<State>,
    placed_at: DateTime<Utc>,
}

/// What came of signals, in their order, and what is to be told after the commit.
pub(crate) struct Advanced {
    pub(crate) outcomes: Vec<Result<(), Refused>>,
    pub(crate) news: Vec<News>,
}

impl Saga {
    /// Applies signals one after another. Those that are refused change nothing.
    pub(crate) async fn advance(
        &self,
        connection: &mut PgConnection,
        signals: &[Signal],
    ) -> sqlx::Result<Advanced> {
        let now = clock::now();
        let mut desk = Desk::open(connection, signals).await?;
        let outcomes = signals
            .iter()
            .map(|signal| within_now(signal.correlation.clone(), || desk.apply(signal)))
            .collect();
        let news = desk.news();
        desk.write(connection, &self.settings, now).await?;
        Ok(Advanced { outcomes, news })
    }

    /// To be called after the commit of what [`Self::advance`] did.
    pub(crate) fn committed(&self, news: &[News]) {
        if news.is_empty() {
            return;
        }
        self.outbox.wake();
        let now = clock::now();
        for News {
            order,
            version,
            states,
            placed_at,
        } in news
        {
            self.changes.note(*order, *version);
            for state in states {
                self.metrics.came_to(*state);
                if *state == State::Paid {
                    let after = (now - placed_at).as_seconds_f64();
                    self.metrics.paid_after.observe(after.max(0.0));
                }
            }
        }
    }
}

/// When somebody who owes an answer is asked again; None while nobody does.
pub(crate) fn deadline(
    progress: &Progress,
    placed_at: DateTime<Utc>,
    settings: &SagaConfig,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let seconds = |number: u64| TimeDelta::seconds(i64::try_from(number).unwrap_or(i64::MAX));
    let repeat = now + seconds(settings.repeat_after_s);
    match progress.state {
        State::Pending | State::PaymentPending => {
            Some(repeat.min(placed_at + seconds(settings.payment_limit_s)))
        }
        _ => progress.waits().then_some(repeat),
    }
}
