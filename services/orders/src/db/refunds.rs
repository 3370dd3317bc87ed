//! Money that is asked to go back.

use chrono::{DateTime, Utc};
use contracts::{OrderId, RefundId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::decode;
use crate::domain::{
    identifiers::{Fingerprint, IdempotencyKey},
    order::RefundState,
};

/// A refund that is to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewRefund {
    pub(crate) id: RefundId,
    pub(crate) order: OrderId,
    pub(crate) amount_minor: i64,
    pub(crate) reason: String,
    /// Who asked for it, and with which key; None where the saga did.
    pub(crate) requested_by: Option<(UserId, IdempotencyKey, Fingerprint)>,
}

/// Writes it.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    refund: &NewRefund,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let requested_by = refund.requested_by.as_ref();
    sqlx::query!(
        "
        insert into refund (id, order_id, amount_minor, reason, requested_by, idempotency_key, fingerprint, requested_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        ",
        refund.id.0,
        refund.order.0,
        refund.amount_minor,
        refund.reason,
        requested_by.map(|(user, _, _)| user.0),
        requested_by.map(|(_, key, _)| key.as_str()),
        requested_by.map(|(_, _, fingerprint)| fingerprint.to_vec()),
        now,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A refund as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: RefundId,
    pub(crate) order: OrderId,
    pub(crate) amount_minor: i64,
    pub(crate) reason: String,
    pub(crate) state: RefundState,
    pub(crate) fingerprint: Option<Vec<u8>>,
    pub(crate) requested_at: DateTime<Utc>,
}

struct Row {
    id: RefundId,
    order_id: OrderId,
    amount_minor: i64,
    reason: String,
    state: String,
    fingerprint: Option<Vec<u8>>,
    requested_at: DateTime<Utc>,
}

impl TryFrom<Row> for Refund {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            order: row.order_id,
            amount_minor: row.amount_minor,
            reason: row.reason,
            state: decode::refund_state(&row.state)?,
            fingerprint: row.fingerprint,
            requested_at: row.requested_at,
        })
    }
}

/// Those of these refunds that exist.
pub(crate) async fn get_all(
    connection: &mut PgConnection,
    ids: &[RefundId],
) -> sqlx::Result<Vec<Refund>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id as "id: RefundId", order_id as "order_id: OrderId", amount_minor, reason, state, fingerprint, requested_at
        from refund
        where id = any($1)
        "#,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// All of an order, oldest first.
pub(crate) async fn of_order(
    connection: &mut PgConnection,
    order: OrderId,
) -> sqlx::Result<Vec<Refund>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id as "id: RefundId", order_id as "order_id: OrderId", amount_minor, reason, state, fingerprint, requested_at
        from refund
        where order_id = $1
        order by requested_at, id
        "#,
        order.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// What payments said of it.
pub(crate) async fn finish(
    connection: &mut PgConnection,
    id: RefundId,
    state: RefundState,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let done = sqlx::query!(
        "
        update refund
        set state = $2, failure = $3, finished_at = $4
        where id = $1 and state <> 'DONE'
        ",
        id.0,
        state.name(),
        failure,
        now,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}
