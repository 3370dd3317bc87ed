//! Holds and the shelves that they are taken from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::{OrderId, StockId, VariantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::unreadable;
use crate::domain::{
    allocation::{Portion, Request},
    hold::{Hold, State},
};

/// A hold as it is stored, without its portions.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) order_id: OrderId,
    pub(crate) state: State,
    pub(crate) version: i64,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl Stored {
    /// With its portions.
    pub(crate) fn with(self, portions: Vec<Portion>) -> Hold {
        Hold {
            order_id: self.order_id,
            state: self.state,
            version: self.version,
            portions,
        }
    }
}

struct Row {
    order_id: OrderId,
    state: String,
    version: i64,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Stored {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let state = State::from_name(&row.state);
        Ok(Self {
            order_id: row.order_id,
            state: state.ok_or_else(|| unreadable("state", &row.state))?,
            version: row.version,
            expires_at: row.expires_at,
        })
    }
}

fn stored(rows: Vec<Row>) -> sqlx::Result<Vec<Stored>> {
    rows.into_iter().map(Stored::try_from).collect()
}

fn uuids(orders: &[OrderId]) -> Vec<Uuid> {
    orders.iter().map(|order| order.0).collect()
}

/// Makes the holds of orders that have none, and says when each ends; the others are left as they are.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    requests: &[Request],
) -> sqlx::Result<BTreeMap<OrderId, DateTime<Utc>>> {
    let orders: Vec<Uuid> = requests.iter().map(|request| request.order_id.0).collect();
    let lifetimes: Vec<i64> = requests.iter().map(|request| request.lifetime_s).collect();
    let rows = sqlx::query!(
        r#"
        insert into hold (order_id, state, expires_at, version)
        select order_id, 'HELD', now() + lifetime_s * interval '1 second', 1
        from unnest($1::uuid[], $2::bigint[]) as request (order_id, lifetime_s)
        order by order_id
        on conflict (order_id) do nothing
        returning order_id as "order_id: OrderId", expires_at as "expires_at!"
        "#,
        &orders,
        &lifetimes,
    )
    .fetch_all(connection)
    .await?;
    let made = rows.into_iter().map(|row| (row.order_id, row.expires_at));
    Ok(made.collect())
}

/// Makes tombstones of orders that have no hold, so that none can be made any more.
pub(crate) async fn insert_tombstones(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into hold (order_id, state, version)
        select order_id, 'RELEASED', 0
        from unnest($1::uuid[]) as request (order_id)
        order by order_id
        on conflict (order_id) do nothing
        ",
        &uuids(orders),
    )
    .execute(connection)
    .await
    .map(drop)
}

pub(crate) async fn find(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select order_id as "order_id: OrderId", state, version, expires_at
        from hold
        where order_id = any($1)
        "#,
        &uuids(orders),
    )
    .fetch_all(connection)
    .await?;
    stored(rows)
}

pub(crate) async fn lock(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select order_id as "order_id: OrderId", state, version, expires_at
        from hold
        where order_id = any($1)
        order by order_id
        for no key update
        "#,
        &uuids(orders),
    )
    .fetch_all(connection)
    .await?;
    stored(rows)
}

/// Locks holds whose time is over, oldest first, without those that somebody is working on.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select order_id as "order_id: OrderId", state, version, expires_at
        from hold
        where state = 'HELD' and expires_at <= now()
        order by expires_at
        limit $1
        for no key update skip locked
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    stored(rows)
}

/// A deliberate defect (`expiry_ignores_state`): it takes goods back that have been sold.
pub(crate) async fn lock_due_whatever_their_state(
    connection: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select order_id as "order_id: OrderId", state, version, expires_at
        from hold
        where state in ('HELD', 'COMMITTED') and expires_at <= now()
        order by expires_at
        limit $1
        for no key update skip locked
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    stored(rows)
}

/// From which shelves each of these orders is served.
pub(crate) async fn portions(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<BTreeMap<OrderId, Vec<Portion>>> {
    let rows = sqlx::query!(
        r#"
        select l.order_id as "order_id: OrderId", l.stock_id as "stock_id: StockId",
               s.variant_id as "variant_id: VariantId", l.quantity
        from hold_line l
        join stock s using (stock_id)
        where l.order_id = any($1)
        order by l.order_id, l.stock_id
        "#,
        &uuids(orders),
    )
    .fetch_all(connection)
    .await?;
    let mut portions: BTreeMap<OrderId, Vec<Portion>> = BTreeMap::new();
    for row in rows {
        portions.entry(row.order_id).or_default().push(Portion {
            shelf: row.stock_id,
            variant_id: row.variant_id,
            quantity: row.quantity,
        });
    }
    Ok(portions)
}

pub(crate) async fn insert_portions(
    connection: &mut PgConnection,
    holds: &[&Hold],
) -> sqlx::Result<()> {
    let (mut orders, mut shelves, mut quantities) = (Vec::new(), Vec::new(), Vec::new());
    for hold in holds {
        for portion in &hold.portions {
            orders.push(hold.order_id.0);
            shelves.push(portion.shelf.0);
            quantities.push(portion.quantity);
        }
    }
    sqlx::query!(
        "
        insert into hold_line (order_id, stock_id, quantity)
        select order_id, stock_id, quantity
        from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as line (order_id, stock_id, quantity)
        ",
        &orders,
        &shelves,
        &quantities,
    )
    .execute(connection)
    .await
    .map(drop)
}

pub(crate) async fn delete_portions(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from hold_line where order_id = any($1)",
        &uuids(orders)
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes back what [`insert`] made in this transaction for orders that get nothing.
pub(crate) async fn delete(connection: &mut PgConnection, orders: &[OrderId]) -> sqlx::Result<()> {
    sqlx::query!("delete from hold where order_id = any($1)", &uuids(orders))
        .execute(connection)
        .await
        .map(drop)
}

/// Stores where locked holds stand now; says how many there were.
pub(crate) async fn update(connection: &mut PgConnection, holds: &[&Hold]) -> sqlx::Result<u64> {
    let orders: Vec<Uuid> = holds.iter().map(|hold| hold.order_id.0).collect();
    let states: Vec<String> = holds
        .iter()
        .map(|hold| hold.state.name().to_owned())
        .collect();
    let versions: Vec<i64> = holds.iter().map(|hold| hold.version).collect();
    let done = sqlx::query!(
        "
        update hold
        set state = now_is.state, version = now_is.version
        from unnest($1::uuid[], $2::text[], $3::bigint[]) as now_is (order_id, state, version)
        where hold.order_id = now_is.order_id
        ",
        &orders,
        &states,
        &versions,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
