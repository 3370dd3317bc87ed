//! Payments: asked for, found, listed, and saved after a turn.

use std::time::Duration;

use chassis::Correlation;
use chrono::{DateTime, Utc};
use contracts::{Currency, Money, OrderId, PaymentId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::unknown;
use crate::domain::payment::{Payment, State};

/// A payment as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: PaymentId,
    pub(crate) position: i64,
    pub(crate) order: OrderId,
    /// None in a tombstone.
    pub(crate) request: Option<Request>,
    pub(crate) payment: Payment,
    /// The `PaymentIntent`, once it is known.
    pub(crate) intent: Option<String>,
    pub(crate) decline_code: Option<String>,
    pub(crate) version: i64,
    /// Of the message that asked for it.
    pub(crate) correlation: Option<Correlation>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) user: UserId,
    pub(crate) amount: Money,
    pub(crate) method: String,
}

pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) position: i64,
    pub(super) order_id: Uuid,
    pub(super) user_id: Option<Uuid>,
    pub(super) amount_minor: Option<i64>,
    pub(super) currency: Option<String>,
    pub(super) method: Option<String>,
    pub(super) state: String,
    pub(super) trouble: Option<String>,
    pub(super) attempt: i32,
    pub(super) psp_ref: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) captured_minor: i64,
    pub(super) refunding_minor: i64,
    pub(super) refunded_minor: i64,
    pub(super) cancel_requested: bool,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) traceparent: Option<String>,
    pub(super) causation_id: Option<String>,
}

impl TryFrom<Row> for Stored {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let correlation =
            Correlation::stored(row.traceparent.as_deref(), row.causation_id.as_deref());
        let state = State::parse(&row.state, row.trouble.as_deref())
            .ok_or_else(|| unknown("the state", &row.state))?;
        let request = match (row.user_id, row.amount_minor, row.currency, row.method) {
            (Some(user), Some(minor), Some(currency), Some(method)) => Some(Request {
                user: UserId(user),
                amount: Money::from_minor(minor, read_currency(&currency)?),
                method,
            }),
            _ => None,
        };
        Ok(Self {
            id: PaymentId(row.id),
            position: row.position,
            order: OrderId(row.order_id),
            payment: Payment {
                state,
                attempt: row.attempt,
                cancel_requested: row.cancel_requested,
                amount: row.amount_minor.unwrap_or(0),
                captured: row.captured_minor,
                refunding: row.refunding_minor,
                refunded: row.refunded_minor,
            },
            request,
            intent: row.psp_ref,
            decline_code: row.decline_code,
            version: row.version,
            correlation,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(super) fn read_currency(code: &str) -> sqlx::Result<Currency> {
    code.parse().map_err(|_| unknown("the currency", code))
}

/// When a worker looks at a payment next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// As it was.
    AsBefore,
    In(Duration),
    Never,
}

/// Payments that were just asked for, all of them due now.
#[derive(Debug, Default)]
pub(crate) struct NewPayments {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) orders: Vec<Uuid>,
    pub(crate) users: Vec<Uuid>,
    pub(crate) minors: Vec<i64>,
    pub(crate) currencies: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) traceparents: Vec<Option<String>>,
    pub(crate) causation_ids: Vec<Option<String>>,
}

/// Stores those whose orders have none yet; says which those are.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    new: &NewPayments,
) -> sqlx::Result<Vec<PaymentId>> {
    sqlx::query_scalar!(
        r#"
        insert into payment (
          id, order_id, user_id, amount_minor, currency, method, state, next_at, traceparent, causation_id
        )
        select n.id, n.order_id, n.user_id, n.amount_minor, n.currency, n.method, 'PENDING', now(), n.traceparent,
          n.causation_id
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[])
          as n(id, order_id, user_id, amount_minor, currency, method, traceparent, causation_id)
        order by n.id
        on conflict do nothing
        returning id as "id: PaymentId"
        "#,
        &new.ids,
        &new.orders,
        &new.users,
        &new.minors,
        &new.currencies,
        &new.methods,
        &new.traceparents as &[Option<String>],
        &new.causation_ids as &[Option<String>],
    )
    .fetch_all(connection)
    .await
}

/// Notes that an order's payment was cancelled before it was asked for. False if there is one already.
pub(crate) async fn insert_tombstone(
    connection: &mut PgConnection,
    id: PaymentId,
    order: OrderId,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        insert into payment (id, order_id, state, cancel_requested, version)
        values ($1, $2, 'CANCELLED', true, 1)
        on conflict do nothing
        ",
        id.0,
        order.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes into a tombstone what the cancelled request asked for.
pub(crate) async fn fill_tombstone(
    connection: &mut PgConnection,
    id: PaymentId,
    request: &Request,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update payment
        set user_id = $2, amount_minor = $3, currency = $4, method = $5, updated_at = now()
        where id = $1 and amount_minor is null
        ",
        id.0,
        request.user.0,
        request.amount.minor,
        request.amount.currency.code(),
        request.method,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A payment, kept from everybody else until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: PaymentId,
) -> sqlx::Result<Option<Stored>> {
    let row = sqlx::query_as!(
        Row,
        "
        select id, position, order_id, user_id, amount_minor, currency, method, state, trouble, attempt, psp_ref,
          decline_code, captured_minor, refunding_minor, refunded_minor, cancel_requested, version, created_at, updated_at,
          traceparent, causation_id
        from payment
        where id = $1
        for no key update
        ",
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Stored::try_from).transpose()
}

/// The payment with this id, or of the order with this id.
pub(crate) async fn find(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Stored>> {
    let row = sqlx::query_as!(
        Row,
        "
        select id, position, order_id, user_id, amount_minor, currency, method, state, trouble, attempt, psp_ref,
          decline_code, captured_minor, refunding_minor, refunded_minor, cancel_requested, version, created_at, updated_at,
          traceparent, causation_id
        from payment
        where id = $1 or order_id = $1
        ",
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Stored::try_from).transpose()
}

/// Payments, newest first, before a position.
pub(crate) async fn page(
    connection: &mut PgConnection,
    state: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        "
        select id, position, order_id, user_id, amount_minor, currency, method, state, trouble, attempt, psp_ref,
          decline_code, captured_minor, refunding_minor, refunded_minor, cancel_requested, version, created_at, updated_at,
          traceparent, causation_id
        from payment
        where ($1::text is null or state = $1) and ($2::bigint is null or position < $2)
        order by position desc
        limit $3
        ",
        state,
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Writes a payment back after a turn; `before` is what it was when it was locked.
pub(crate) async fn save(
    connection: &mut PgConnection,
    stored: &Stored,
    before: &Payment,
    due: Due,
) -> sqlx::Result<()> {
    let payment = &stored.payment;
    let due_in_s = match due {
        Due::In(pause) => Some(pause.as_secs_f64()),
        Due::AsBefore | Due::Never => None,
    };
    let done = sqlx::query!(
        "
        update payment
        set state = $2, trouble = $3, attempt = $4, psp_ref = $5, decline_code = $6, captured_minor = $7::bigint,
          refunding_minor = $8, refunded_minor = $9, cancel_requested = $10, version = $11,
          next_at = case when $12 then next_at else now() + make_interval(secs => $13) end,
          lease_until = case when $12 then lease_until end,
          first_sent_at = case when attempt = $4 then first_sent_at end,
          failures = case when attempt = $4 then failures else 0 end,
          server_errors = case when attempt = $4 then server_errors else 0 end,
          captured_at = case when $7::bigint > 0 then coalesce(captured_at, now()) end,
          updated_at = now()
        where id = $1 and state = $14
        ",
        stored.id.0,
        payment.state.name(),
        payment.state.trouble().map(crate::domain::payment::Trouble::name),
        payment.attempt,
        stored.intent,
        stored.decline_code,
        payment.captured,
        payment.refunding,
        payment.refunded,
        payment.cancel_requested,
        stored.version,
        due == Due::AsBefore,
        due_in_s,
        before.state.name(),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// How many payments are in doubt, and how many payments and stray charges a person has to look at.
pub(crate) async fn count_open(connection: &mut PgConnection) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"
        select
          (select count(*) from payment where state = 'IN_DOUBT') as "in_doubt!",
          (select count(*) from payment where state = 'MANUAL')
            + (select count(*) from refund where is_stray and (state = 'FAILED' or (state = 'IN_DOUBT' and next_at is null)))
            as "manual!"
        "#
    )
    .fetch_one(connection)
    .await?;
    Ok((row.in_doubt, row.manual))
}

/// The defect `cancel_concludes_in_doubt`, planted to prove that the tests find it: takes what was sent for not sent.
pub(crate) async fn give_up_doubt(
    connection: &mut PgConnection,
    id: PaymentId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment set state = 'PENDING' where id = $1 and state = 'IN_DOUBT'",
        id.0,
    )
    .execute(connection)
    .await
    .map(drop)
}
