//! Events are written in the transaction that makes them true, and sent to the broker afterwards by the [`Relay`].
//!
//! [`publish`] takes a transaction, so an event outside one does not compile. The table belongs to each service's own
//! migrations:
//!
//! ```sql
//! create table outbox (
//!   id                bigint generated always as identity primary key,
//!   event_id          uuid        not null unique,
//!   subject           text        not null,
//!   aggregate_id      uuid        not null,
//!   aggregate_version bigint      not null,
//!   payload           jsonb       not null,
//!   created_at        timestamptz not null default now(),
//!   stream_seq        bigint,
//!   traceparent       text,
//!   causation_id      text,
//!   unique (aggregate_id, aggregate_version, subject)
//! );
//! create index outbox_unsent on outbox (id) where stream_seq is null;
//! create index outbox_stream_seq on outbox (stream_seq) where stream_seq is not null;
//! create table outbox_stream (
//!   only_one   boolean primary key default true check (only_one),
//!   created_ns bigint  not null
//! );
//! ```
//!
//! The statements here are the only ones in the platform that the compiler does not check against a database: this
//! crate has none of its own. Each service's tests run them.

mod memory;
mod relay;
mod wave;

use contracts::Event;
use sqlx::{Postgres, Transaction, types::Json};
use uuid::Uuid;

use crate::correlation::{self, Correlation};

pub use relay::{Relay, RelayConfig};

/// Puts `event` into the outbox; it is sent once `tx` has been committed, and never if it is not. It belongs to the trace of
/// what is being worked on.
pub async fn publish<E: Event + Sync>(
    tx: &mut Transaction<'_, Postgres>,
    event: &E,
) -> sqlx::Result<Uuid> {
    let event_id = Uuid::now_v7();
    let (traceparent, causation_id) = correlation::columns(correlation::current().as_ref());
    sqlx::query(
        "insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload, traceparent, causation_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event_id)
    .bind(E::subject())
    .bind(event.aggregate_id())
    .bind(event.aggregate_version())
    .bind(Json(event))
    .bind(traceparent)
    .bind(causation_id)
    .execute(&mut **tx)
    .await?;
    Ok(event_id)
}

/// An event with what it belongs to.
#[derive(Debug, Clone)]
pub struct Correlated<E> {
    /// What happened.
    pub event: E,
    /// Its trace and cause; None where nobody asked for it.
    pub correlation: Option<Correlation>,
}

impl<E> Correlated<E> {
    /// With what is being worked on.
    pub fn now(event: E) -> Self {
        Self {
            event,
            correlation: correlation::current(),
        }
    }
}

/// The same for many events of one kind, in their order and in one round trip.
pub async fn publish_all<E: Event + Sync>(
    tx: &mut Transaction<'_, Postgres>,
    events: &[Correlated<E>],
) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let correlations = events.iter().map(|event| event.correlation.as_ref());
    let (traceparents, causation_ids): (Vec<_>, Vec<_>) =
        correlations.map(correlation::columns).unzip();
    let events: Vec<&E> = events.iter().map(|correlated| &correlated.event).collect();
    let event_ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
    let aggregates: Vec<Uuid> = events.iter().map(|event| event.aggregate_id()).collect();
    let versions: Vec<i64> = events
        .iter()
        .map(|event| event.aggregate_version())
        .collect();
    let payloads: Vec<Json<&E>> = events.iter().copied().map(Json).collect();
    sqlx::query(
        "insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload, traceparent, causation_id)
         select event_id, $2, aggregate_id, aggregate_version, payload, traceparent, causation_id
         from unnest($1::uuid[], $3::uuid[], $4::bigint[], $5::jsonb[], $6::text[], $7::text[])
           with ordinality as event
             (event_id, aggregate_id, aggregate_version, payload, traceparent, causation_id, position)
         order by position",
    )
    .bind(event_ids)
    .bind(E::subject())
    .bind(aggregates)
    .bind(versions)
    .bind(payloads)
    .bind(traceparents)
    .bind(causation_ids)
    .execute(&mut **tx)
    .await
    .map(drop)
}
