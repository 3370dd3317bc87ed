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
//!   unique (aggregate_id, aggregate_version, subject)
//! );
//! create index outbox_unsent on outbox (id) where stream_seq is null;
//! ```
//!
//! The statements here are the only ones in the platform that the compiler does not check against a database: this
//! crate has none of its own. Each service's tests run them.

mod relay;
mod wave;

use contracts::Event;
use sqlx::{Postgres, Transaction, types::Json};
use uuid::Uuid;

pub use relay::{Relay, RelayConfig};

/// Puts `event` into the outbox; it is sent once `tx` has been committed, and never if it is not.
pub async fn publish<E: Event + Sync>(
    tx: &mut Transaction<'_, Postgres>,
    event: &E,
) -> sqlx::Result<Uuid> {
    let event_id = Uuid::now_v7();
    sqlx::query(
        "insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(event_id)
    .bind(E::subject())
    .bind(event.aggregate_id())
    .bind(event.aggregate_version())
    .bind(Json(event))
    .execute(&mut **tx)
    .await?;
    Ok(event_id)
}
