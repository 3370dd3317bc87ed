//! Reads other services' events, many at a time, each with an effect exactly once.
//!
//! The mark that an event has been seen (the inbox) and its effect are one transaction, so a message that is delivered twice,
//! out of a broker that was replayed from its start, or to two replicas at once, changes nothing the second time. The rows of
//! the inbox say exactly which effects there are. The tables belong to each service's own migrations:
//!
//! ```sql
//! create table inbox (
//!   consumer    text        not null,
//!   event_id    uuid        not null,
//!   received_at timestamptz not null default now(),
//!   primary key (consumer, event_id)
//! );
//! create index inbox_received_at on inbox (received_at);
//! create table dead_letter (
//!   id                  bigint generated always as identity primary key,
//!   consumer            text        not null,
//!   event_id            uuid,
//!   subject             text        not null,
//!   payload             text        not null,
//!   reason              text        not null,
//!   deliveries          bigint      not null,
//!   failed_at           timestamptz not null default now(),
//!   -- Set by an operator: the consumer tries again.
//!   replay_requested_at timestamptz,
//!   replayed_at         timestamptz,
//!   constraint dead_letter_once unique (consumer, event_id)
//! );
//! ```
//!
//! A message that cannot be handled is put aside as a dead letter: at once when it is refused, and otherwise before it is handed
//! over for the eighth time, so that one that kills the process is put aside as well. It never holds up the others.

mod batch;
mod dead_letters;
pub(crate) mod letters;
mod replay;
mod subscription;

use std::future::Future;

use chrono::{DateTime, Utc};
use contracts::{Envelope, Event};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::Correlation;

pub use replay::DeadLetterReplay;
pub use subscription::Subscription;

/// One event as it arrived.
#[derive(Debug, Clone)]
pub struct Delivery<E> {
    /// The event's id, which a repetition shares.
    pub event_id: Uuid,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// What happened.
    pub event: E,
    /// Its trace, and itself as the cause of whatever comes of it. Of several deliveries that are handled together, each
    /// has its own: what one of them causes is done in its scope.
    pub correlation: Correlation,
}

impl<E> Delivery<E> {
    /// An event out of its envelope.
    pub(crate) fn of(envelope: Envelope<E>) -> Self {
        let parent = envelope.traceparent.as_deref();
        let parent = parent.and_then(|parent| parent.parse().ok());
        Self {
            event_id: envelope.id,
            time: envelope.time,
            event: envelope.data,
            correlation: Correlation::caused_by(envelope.id.to_string(), parent),
        }
    }

    /// For what is logged about it.
    pub(crate) fn span(&self, consumer: &'static str) -> tracing::Span {
        tracing::info_span!(
            "consume",
            consumer,
            event.id = %self.event_id,
            trace.id = %self.correlation.trace.trace_id(),
            span.id = %self.correlation.trace.span_id(),
        )
    }
}

/// What a consumer says of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its effect, if it has any, is in the transaction.
    Done,
    /// Not yet: something that must come first has not arrived. It changed nothing and is delivered again.
    Retry(String),
    /// Never: it contradicts what is stored. It changed nothing and becomes a dead letter.
    Reject(String),
}

/// Handles one kind of event.
pub trait Consumer: Send + Sync + 'static {
    /// What it handles.
    type Event: Event + Clone + Send + Sync + 'static;

    /// Its name for ever, `<service>_<event>`: the durable consumer on the broker, and the key of its inbox.
    const NAME: &'static str;

    /// Handles deliveries that have had no effect yet, oldest first, in the transaction that marks them as seen; one verdict
    /// for each.
    ///
    /// An error undoes everything; the deliveries are then handled in halves, until the one that fails stands alone.
    fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<Self::Event>],
    ) -> impl Future<Output = anyhow::Result<Vec<Verdict>>> + Send;

    /// Called after the commit, for instance to wake workers.
    fn committed(&self) {}
}
