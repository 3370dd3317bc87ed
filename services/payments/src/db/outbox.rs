//! Saying again what was said before, under the same event's id.

use contracts::PaymentId;
use sqlx::PgConnection;

/// Has an event of a payment sent once more; who has heard it drops it.
pub(crate) async fn say_again(
    connection: &mut PgConnection,
    payment: PaymentId,
    subject: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update outbox set stream_seq = null where aggregate_id = $1 and subject = $2",
        payment.0,
        subject,
    )
    .execute(connection)
    .await
    .map(drop)
}
