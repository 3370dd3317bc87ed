//! Messages that could not be handled, kept for an operator.

use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::batch::Received;

/// What is kept of a message.
pub(super) struct Letter<'a> {
    /// None when the message has none that could be read.
    pub(super) event_id: Option<Uuid>,
    pub(super) subject: &'a str,
    pub(super) payload: &'a str,
    pub(super) deliveries: i64,
}

impl<'a, E> From<&'a Received<E>> for Letter<'a> {
    fn from(message: &'a Received<E>) -> Self {
        Self {
            event_id: Some(message.delivery.event_id),
            subject: &message.subject,
            payload: &message.payload,
            deliveries: message.deliveries,
        }
    }
}

/// Keeps it; the same message again replaces what is known of it.
pub(super) async fn put(
    tx: &mut Transaction<'_, Postgres>,
    consumer: &str,
    letter: &Letter<'_>,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into dead_letter (consumer, event_id, subject, payload, reason, deliveries)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint dead_letter_once do update
         set reason = excluded.reason, deliveries = excluded.deliveries, failed_at = now(), replay_requested_at = null,
             replayed_at = null",
    )
    .bind(consumer)
    .bind(letter.event_id)
    .bind(letter.subject)
    // PostgreSQL stores no NUL in a text.
    .bind(letter.payload.replace('\0', "\u{fffd}"))
    .bind(reason)
    .bind(letter.deliveries)
    .execute(&mut **tx)
    .await?;
    tracing::error!(
        consumer,
        event_id = letter.event_id.map(tracing::field::display),
        subject = letter.subject,
        deliveries = letter.deliveries,
        reason,
        "a message became a dead letter"
    );
    Ok(())
}
