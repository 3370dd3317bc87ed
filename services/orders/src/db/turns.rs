//! Orders that take a turn: locked, decided upon elsewhere, and written back many at a time.

use chrono::{DateTime, Utc};
use contracts::{Currency, Money, OrderId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::decode;
use crate::domain::{
    order::{Ending, State},
    progress::Progress,
};

/// An order that nobody else may change until the transaction ends.
#[derive(Debug, Clone)]
pub(crate) struct LockedOrder {
    pub(crate) id: OrderId,
    pub(crate) number: String,
    pub(crate) user: UserId,
    pub(crate) email: String,
    pub(crate) currency: Currency,
    pub(crate) progress: Progress,
    pub(crate) reason: Option<String>,
    pub(crate) carrier: Option<String>,
    pub(crate) tracking_number: Option<String>,
    pub(crate) placed_at: DateTime<Utc>,
    pub(crate) shipped_at: Option<DateTime<Utc>>,
}

impl LockedOrder {
    /// So much in its currency.
    pub(crate) fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }
}

struct Row {
    id: OrderId,
    number: String,
    user_id: UserId,
    email: String,
    currency: String,
    state: String,
    version: i64,
    stock: String,
    pay: String,
    ending: Option<String>,
    reason: Option<String>,
    total_minor: i64,
    refunded_minor: i64,
    refunding_minor: i64,
    carrier: Option<String>,
    tracking_number: Option<String>,
    placed_at: DateTime<Utc>,
    shipped_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for LockedOrder {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let progress = Progress {
            state: decode::state(&row.state)?,
            version: row.version,
            stock: decode::stock(&row.stock)?,
            pay: decode::pay(&row.pay)?,
            ending: decode::ending(row.ending.as_deref())?,
            total: row.total_minor,
            refunded: row.refunded_minor,
            refunding: row.refunding_minor,
            is_shipped: row.shipped_at.is_some(),
        };
        Ok(Self {
            id: row.id,
            number: row.number,
            user: row.user_id,
            email: row.email,
            currency: decode::currency(&row.currency)?,
            progress,
            reason: row.reason,
            carrier: row.carrier,
            tracking_number: row.tracking_number,
            placed_at: row.placed_at,
            shipped_at: row.shipped_at,
        })
    }
}

/// Locks those of these orders that exist, in the order of their ids: two transactions that lock the same ones wait and do
/// not lock each other out.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    ids: &[OrderId],
) -> sqlx::Result<Vec<LockedOrder>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", email, currency, state, version, stock, pay, ending,
          reason, total_minor, refunded_minor, refunding_minor, carrier, tracking_number, placed_at, shipped_at
        from orders
        where id = any($1)
        order by id
        for no key update
        "#,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LockedOrder::try_from).collect()
}

/// Locks orders whose deadline has come and that nobody else works on, the longest waiting first.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<LockedOrder>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", email, currency, state, version, stock, pay, ending,
          reason, total_minor, refunded_minor, refunding_minor, carrier, tracking_number, placed_at, shipped_at
        from orders
        where deadline <= $1
        order by deadline
        limit $2
        for no key update skip locked
        "#,
        now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LockedOrder::try_from).collect()
}

/// What a locked order becomes.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) order: LockedOrder,
    /// What it was: nothing is written over anything else.
    pub(crate) from: (State, i64),
    pub(crate) deadline: Option<DateTime<Utc>>,
}

/// Writes them back. Fails if one of them is not what it was.
pub(crate) async fn update_all(
    connection: &mut PgConnection,
    changed: &[Changed],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let column = Columns::of(changed);
    let done = sqlx::query!(
        "
        update orders
        set state = u.state,
            version = u.version,
            stock = u.stock,
            pay = u.pay,
            ending = u.ending,
            reason = u.reason,
            refunded_minor = u.refunded_minor,
            refunding_minor = u.refunding_minor,
            carrier = u.carrier,
            tracking_number = u.tracking_number,
            shipped_at = u.shipped_at,
            deadline = u.deadline,
            state_since = case when orders.state = u.state then orders.state_since else $17 end,
            updated_at = $17
        from unnest(
          $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
          $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[]
        ) as u (
          id, from_state, from_version, state, version, stock, pay, ending, reason, refunded_minor, refunding_minor, carrier,
          tracking_number, shipped_at, deadline
        )
        where orders.id = u.id
          and orders.state = u.from_state
          and orders.version = u.from_version
          and orders.id = any($16)
        ",
        &column.ids,
        &column.from_states,
        &column.from_versions,
        &column.states,
        &column.versions,
        &column.stocks,
        &column.pays,
        &column.endings as &[Option<String>],
        &column.reasons as &[Option<String>],
        &column.refunded,
        &column.refunding,
        &column.carriers as &[Option<String>],
        &column.tracking_numbers as &[Option<String>],
        &column.shipped_at as &[Option<DateTime<Utc>>],
        &column.deadlines as &[Option<DateTime<Utc>>],
        &column.ids,
        now,
    )
    .execute(connection)
    .await?;
    let expected = u64::try_from(changed.len()).unwrap_or(u64::MAX);
    if done.rows_affected() == expected {
        Ok(())
    } else {
        let found = done.rows_affected();
        let text = format!("BUG: {found} of {expected} locked orders were what they were");
        Err(sqlx::Error::Protocol(text))
    }
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    from_states: Vec<String>,
    from_versions: Vec<i64>,
    states: Vec<String>,
    versions: Vec<i64>,
    stocks: Vec<String>,
    pays: Vec<String>,
    endings: Vec<Option<String>>,
    reasons: Vec<Option<String>>,
    refunded: Vec<i64>,
    refunding: Vec<i64>,
    carriers: Vec<Option<String>>,
    tracking_numbers: Vec<Option<String>>,
    shipped_at: Vec<Option<DateTime<Utc>>>,
    deadlines: Vec<Option<DateTime<Utc>>>,
}

impl Columns {
    fn of(changed: &[Changed]) -> Self {
        let mut all = Self::default();
        for Changed {
            order,
            from,
            deadline,
        } in changed
        {
            let progress = &order.progress;
            all.ids.push(order.id.0);
            all.from_states.push(from.0.name().to_owned());
            all.from_versions.push(from.1);
            all.states.push(progress.state.name().to_owned());
            all.versions.push(progress.version);
            all.stocks.push(progress.stock.name().to_owned());
            all.pays.push(progress.pay.name().to_owned());
            all.endings
                .push(progress.ending.map(Ending::name).map(ToOwned::to_owned));
            all.reasons.push(order.reason.clone());
            all.refunded.push(progress.refunded);
            all.refunding.push(progress.refunding);
            all.carriers.push(order.carrier.clone());
            all.tracking_numbers.push(order.tracking_number.clone());
            all.shipped_at.push(order.shipped_at);
            all.deadlines.push(*deadline);
        }
        all
    }
}

/// A row of an order's history.
#[derive(Debug, Clone)]
pub(crate) struct HistoryRow {
    pub(crate) order: OrderId,
    pub(crate) version: i64,
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) cause: &'static str,
    pub(crate) cause_id: Option<Uuid>,
}

/// Writes them down.
pub(crate) async fn note_all(
    connection: &mut PgConnection,
    rows: &[HistoryRow],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let orders: Vec<Uuid> = rows.iter().map(|row| row.order.0).collect();
    let versions: Vec<i64> = rows.iter().map(|row| row.version).collect();
    let froms: Vec<String> = rows.iter().map(|row| row.from.name().to_owned()).collect();
    let tos: Vec<String> = rows.iter().map(|row| row.to.name().to_owned()).collect();
    let causes: Vec<String> = rows.iter().map(|row| row.cause.to_owned()).collect();
    let cause_ids: Vec<Option<Uuid>> = rows.iter().map(|row| row.cause_id).collect();
    sqlx::query!(
        "
        insert into order_history (order_id, version, from_state, to_state, cause, cause_id, at)
        select h.order_id, h.version, h.from_state, h.to_state, h.cause, h.cause_id, $7
        from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::uuid[])
          as h (order_id, version, from_state, to_state, cause, cause_id)
        ",
        &orders,
        &versions,
        &froms,
        &tos,
        &causes,
        &cause_ids as &[Option<Uuid>],
        now,
    )
    .execute(connection)
    .await
    .map(drop)
}
