//! The payments that workers have to look at: taken, and put back when nothing was learned.

use std::time::Duration;

use chassis::Correlation;
use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, PaymentId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::payments::{Row, Stored, read_currency};

/// A payment that a worker has to itself for a while.
#[derive(Debug, Clone)]
pub(crate) struct Leased {
    pub(crate) id: PaymentId,
    pub(crate) order: OrderId,
    pub(crate) amount: Money,
    pub(crate) method: String,
    pub(crate) attempt: i32,
    pub(crate) intent: Option<String>,
    pub(crate) failures: i32,
    pub(crate) server_errors: i32,
    pub(crate) first_sent_at: DateTime<Utc>,
    /// Names the lease: whoever finds another one has lost it.
    pub(crate) lease_until: DateTime<Utc>,
    /// Its key may have been forgotten.
    pub(crate) is_stale: bool,
    pub(crate) correlation: Option<Correlation>,
}

/// How a lease is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) lease: Duration,
    pub(crate) doubt_limit: Duration,
}

/// Payments that are due, those waiting longest first, kept from everybody else until the transaction ends.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        "
        select id, position, order_id, user_id, amount_minor, currency, method, state, trouble, attempt, psp_ref,
          decline_code, captured_minor, refunding_minor, refunded_minor, cancel_requested, version, created_at, updated_at,
          traceparent, causation_id
        from payment
        where next_at <= now()
        order by next_at
        limit $1
        for no key update skip locked
        ",
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// What is written to payments that a worker takes.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) states: Vec<String>,
    pub(crate) versions: Vec<i64>,
}

/// Takes payments that are locked: from the commit on they may be sent.
pub(crate) async fn lease(
    connection: &mut PgConnection,
    marks: &Marks,
    terms: Terms,
) -> sqlx::Result<Vec<Leased>> {
    let rows = sqlx::query!(
        r#"
        update payment p
        set state = m.state, version = m.version, lease_until = now() + make_interval(secs => $4),
          next_at = now() + make_interval(secs => $4), first_sent_at = coalesce(p.first_sent_at, now()), updated_at = now()
        from unnest($1::uuid[], $2::text[], $3::bigint[]) as m(id, state, version)
        where p.id = m.id
        returning p.id as "id: PaymentId", p.order_id as "order_id: OrderId", p.amount_minor as "amount_minor!",
          p.currency as "currency!", p.method as "method!", p.attempt, p.psp_ref, p.failures, p.server_errors,
          p.first_sent_at as "first_sent_at!", p.lease_until as "lease_until!",
          p.first_sent_at < now() - make_interval(secs => $5) as "is_stale!",
          p.traceparent, p.causation_id
        "#,
        &marks.ids,
        &marks.states,
        &marks.versions,
        terms.lease.as_secs_f64(),
        terms.doubt_limit.as_secs_f64(),
    )
    .fetch_all(connection)
    .await?;
    let leased = rows.into_iter().map(|row| {
        Ok(Leased {
            id: row.id,
            order: row.order_id,
            amount: Money::from_minor(row.amount_minor, read_currency(&row.currency)?),
            method: row.method,
            attempt: row.attempt,
            intent: row.psp_ref,
            failures: row.failures,
            server_errors: row.server_errors,
            first_sent_at: row.first_sent_at,
            lease_until: row.lease_until,
            is_stale: row.is_stale,
            correlation: Correlation::stored(
                row.traceparent.as_deref(),
                row.causation_id.as_deref(),
            ),
        })
    });
    leased.collect()
}

/// Whether anything is due: asked before the breaker is, whose one probe must not be spent on nothing.
pub(crate) async fn has_due(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from payment where next_at <= now()) as "due!""#)
        .fetch_one(connection)
        .await
}

/// What a try that brought no result leaves behind.
#[derive(Debug)]
pub(crate) struct Postponement<'a> {
    pub(crate) pause: Duration,
    pub(crate) failures: i32,
    pub(crate) server_errors: i32,
    /// The provider's name of what was made, if the try at least told that.
    pub(crate) reference: Option<&'a str>,
}

/// Puts a payment back, unless the lease was lost meanwhile.
pub(crate) async fn postpone(
    connection: &mut PgConnection,
    leased: &Leased,
    postponement: &Postponement<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update payment
        set next_at = now() + make_interval(secs => $4), lease_until = null, failures = $5, server_errors = $6,
          psp_ref = coalesce($7, psp_ref), updated_at = now()
        where id = $1 and attempt = $2 and lease_until = $3 and next_at is not null
        ",
        leased.id.0,
        leased.attempt,
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

/// Makes a payment due now, or as soon as the worker that has it is done.
pub(crate) async fn hasten(connection: &mut PgConnection, id: PaymentId) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update payment
        set next_at = greatest(now(), lease_until), updated_at = now()
        where id = $1 and next_at is not null
        ",
        id.0,
    )
    .execute(connection)
    .await
    .map(drop)
}
