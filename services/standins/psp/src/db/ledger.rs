//! The ledger: added to, and read.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

/// One movement of money.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Noted {
    /// Its place; rises, with gaps.
    pub(crate) entry: i64,
    pub(crate) at: DateTime<Utc>,
    /// `charge` or `refund`.
    pub(crate) kind: String,
    /// The charge's or the refund's id.
    pub(crate) reference: String,
    pub(crate) payment_intent: String,
    /// Minor units.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) idempotency_key: Option<String>,
    /// The intent's.
    pub(crate) metadata: Value,
}

/// A movement to be noted.
#[derive(Debug)]
pub(crate) struct Movement<'a> {
    pub(crate) kind: &'static str,
    pub(crate) reference: &'a str,
    pub(crate) payment_intent: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) metadata: &'a Value,
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    movement: &Movement<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into psp_ledger (kind, reference, payment_intent, amount, currency, idempotency_key, metadata)
           values ($1, $2, $3, $4, $5, $6, $7)"#,
        movement.kind,
        movement.reference,
        movement.payment_intent,
        movement.amount,
        movement.currency,
        movement.idempotency_key,
        movement.metadata,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn after(
    connection: &mut PgConnection,
    entry: i64,
    limit: i64,
) -> sqlx::Result<Vec<Noted>> {
    sqlx::query_as!(
        Noted,
        r#"select entry, at, kind, reference, payment_intent, amount, currency, idempotency_key, metadata
           from psp_ledger where entry > $1 order by entry limit $2"#,
        entry,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Number and sum of each kind of movement.
pub(crate) async fn totals(connection: &mut PgConnection) -> sqlx::Result<Value> {
    sqlx::query_scalar!(
        r#"select json_build_object(
             'charges', count(*) filter (where kind = 'charge'),
             'chargedMinor', coalesce(sum(amount) filter (where kind = 'charge'), 0),
             'refunds', count(*) filter (where kind = 'refund'),
             'refundedMinor', coalesce(sum(amount) filter (where kind = 'refund'), 0)
           ) as "totals!: Value"
           from psp_ledger"#
    )
    .fetch_one(connection)
    .await
}
