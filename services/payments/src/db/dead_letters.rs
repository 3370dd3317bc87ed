//! Payments that were declined for the last time, among the dead letters: an operator lists and replays them as all others.

use contracts::PaymentId;
use sqlx::PgConnection;

/// The consumer that they are listed under.
pub(crate) const DECLINED: &str = "payments_charge";

/// Keeps a declined payment for an operator. `payload` is what was asked for.
pub(crate) async fn put(
    connection: &mut PgConnection,
    payment: PaymentId,
    subject: &str,
    payload: &str,
    reason: &str,
    attempts: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into dead_letter (consumer, event_id, subject, payload, reason, deliveries)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint dead_letter_once do nothing
        ",
        DECLINED,
        payment.0,
        subject,
        payload,
        reason,
        i64::from(attempts),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Declined payments that an operator wants looked at again.
pub(crate) async fn requested(
    connection: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<PaymentId>> {
    sqlx::query_scalar!(
        r#"
        select event_id as "id!: PaymentId"
        from dead_letter
        where consumer = $1 and replay_requested_at is not null and replayed_at is null and event_id is not null
        order by id
        limit $2
        "#,
        DECLINED,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Closes a declined payment's dead letter; false if it is closed already, or there is none.
pub(crate) async fn close(connection: &mut PgConnection, payment: PaymentId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        update dead_letter
        set replayed_at = now(), replay_requested_at = coalesce(replay_requested_at, now())
        where consumer = $1 and event_id = $2 and replayed_at is null
        ",
        DECLINED,
        payment.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
