//! What the comparison with the provider's books needs to know of ours.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::PaymentId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Begins a comparison if none was begun for `pause`; says when it began.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    pause: Duration,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "
        update reconciliation
        set started_at = now()
        where started_at <= now() - make_interval(secs => $1)
        returning started_at
        ",
        pause.as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// As much of a payment as is compared.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) id: PaymentId,
    pub(crate) state: String,
    pub(crate) attempt: i32,
    pub(crate) intent: Option<String>,
    pub(crate) refunded_minor: i64,
}

/// Those of these payments that are known here.
pub(crate) async fn known(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> sqlx::Result<Vec<Compared>> {
    sqlx::query_as!(
        Compared,
        r#"
        select id as "id: PaymentId", state, attempt, psp_ref as intent, refunded_minor
        from payment
        where id = any($1)
        "#,
        ids,
    )
    .fetch_all(connection)
    .await
}

/// The payments captured between these times that nobody has to look at yet, with their intents.
pub(crate) async fn captured(
    connection: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<(PaymentId, String)>> {
    let rows = sqlx::query!(
        r#"
        select id as "id: PaymentId", psp_ref as "intent!"
        from payment
        where captured_at >= $1 and captured_at < $2 and state = 'CAPTURED' and psp_ref is not null
        "#,
        from,
        until,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.intent)).collect())
}
