//! The refunds that workers have to look at: taken, and put back when nothing was learned.

use chrono::{DateTime, Utc};
use contracts::{PaymentId, RefundId};
use sqlx::PgConnection;

use super::queue::{Postponement, Terms};

/// A refund that a worker has to itself for a while.
#[derive(Debug, Clone)]
pub(crate) struct Leased {
    pub(crate) id: RefundId,
    pub(crate) payment: PaymentId,
    pub(crate) intent: String,
    pub(crate) minor: i64,
    pub(crate) attempt: i32,
    pub(crate) failures: i32,
    pub(crate) server_errors: i32,
    pub(crate) lease_until: DateTime<Utc>,
    /// Its key may have been forgotten.
    pub(crate) is_stale: bool,
    /// It may have been made already, under this key or one before it, or by a person.
    pub(crate) is_worth_a_look: bool,
}

/// Takes refunds that are due and marks them as in doubt.
pub(crate) async fn lease(
    connection: &mut PgConnection,
    limit: i64,
    terms: Terms,
) -> sqlx::Result<Vec<Leased>> {
    sqlx::query_as!(
        Leased,
        r#"
        with due as (
          select id
          from refund
          where next_at <= now()
          order by next_at
          limit $1
          for no key update skip locked
        )
        update refund r
        set state = 'IN_DOUBT', lease_until = now() + make_interval(secs => $2),
          next_at = now() + make_interval(secs => $2), first_sent_at = coalesce(r.first_sent_at, now()), updated_at = now()
        from due
        where r.id = due.id
        returning r.id as "id: RefundId", r.payment_id as "payment: PaymentId", r.intent, r.amount_minor as minor, r.attempt,
          r.failures, r.server_errors, r.lease_until as "lease_until!",
          r.first_sent_at < now() - make_interval(secs => $3) as "is_stale!",
          (r.attempt > 1 or r.server_errors > 1 or r.psp_ref is not null) as "is_worth_a_look!"
        "#,
        limit,
        terms.lease.as_secs_f64(),
        terms.doubt_limit.as_secs_f64(),
    )
    .fetch_all(connection)
    .await
}

/// Whether anything is due.
pub(crate) async fn has_due(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from refund where next_at <= now()) as "due!""#)
        .fetch_one(connection)
        .await
}

/// Puts a refund back, unless the lease was lost meanwhile.
pub(crate) async fn postpone(
    connection: &mut PgConnection,
    leased: &Leased,
    postponement: &Postponement<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update refund
        set next_at = now() + make_interval(secs => $3), lease_until = null, failures = $4, server_errors = $5,
          psp_ref = coalesce($6, psp_ref), updated_at = now()
        where id = $1 and lease_until = $2 and state = 'IN_DOUBT'
        ",
        leased.id.0,
        leased.lease_until,
        postponement.pause.as_secs_f64(),
        postponement.failures,
        postponement.server_errors,
        postponement.reference,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Makes a payment's open refunds due now, or as soon as the workers that have them are done.
pub(crate) async fn hasten(connection: &mut PgConnection, payment: PaymentId) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update refund
        set next_at = greatest(now(), lease_until), updated_at = now()
        where payment_id = $1 and state in ('PENDING', 'IN_DOUBT')
        ",
        payment.0,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Leaves a refund alone until a person has looked at it.
pub(crate) async fn set_aside(connection: &mut PgConnection, id: RefundId) -> sqlx::Result<()> {
    sqlx::query!(
        "update refund set next_at = null, lease_until = null, updated_at = now() where id = $1 and state = 'IN_DOUBT'",
        id.0,
    )
    .execute(connection)
    .await
    .map(drop)
}
