//! Payment intents.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{
    Decode, PgConnection, Postgres, Type,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgValueRef},
};

use super::Page;
use crate::domain::intent::{Intent, Status};

/// Stored by its name.
impl Type<Postgres> for Status {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Status {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let name = <&str as Decode<Postgres>>::decode(value)?;
        Self::parse(name).ok_or_else(|| format!("{name:?} is not a status").into())
    }
}

pub(crate) async fn insert(connection: &mut PgConnection, intent: &Intent) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into payment_intents
             (id, created_at, amount, currency, status, payment_method, payment_method_types, client_secret, details, metadata)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"#,
        intent.id,
        intent.created_at,
        intent.amount,
        intent.currency,
        intent.status.name(),
        intent.payment_method,
        &intent.payment_method_types,
        intent.client_secret,
        intent.details,
        intent.metadata,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What can change about an intent.
pub(crate) async fn save(connection: &mut PgConnection, intent: &Intent) -> sqlx::Result<()> {
    let saved = sqlx::query!(
        r#"update payment_intents
           set status = $2, amount_received = $3, payment_method = $4, last_payment_error = $5, latest_charge = $6,
               canceled_at = $7, cancellation_reason = $8, settle_at = $9, settle_decline = $10
           where id = $1"#,
        intent.id,
        intent.status.name(),
        intent.amount_received,
        intent.payment_method,
        intent.last_payment_error,
        intent.latest_charge,
        intent.canceled_at,
        intent.cancellation_reason,
        intent.settle_at,
        intent.settle_decline,
    )
    .execute(connection)
    .await?;
    if saved.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

pub(crate) async fn find(connection: &mut PgConnection, id: &str) -> sqlx::Result<Option<Intent>> {
    sqlx::query_as!(
        Intent,
        r#"select id, position, created_at, amount, amount_received, currency, status as "status: Status", payment_method,
             payment_method_types, client_secret, details, metadata, last_payment_error, latest_charge, canceled_at,
             cancellation_reason, settle_at, settle_decline
           from payment_intents where id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await
}

/// Finds it, and keeps everybody else from changing it, or the charges and refunds below it, until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, id: &str) -> sqlx::Result<Option<Intent>> {
    sqlx::query_as!(
        Intent,
        r#"select id, position, created_at, amount, amount_received, currency, status as "status: Status", payment_method,
             payment_method_types, client_secret, details, metadata, last_payment_error, latest_charge, canceled_at,
             cancellation_reason, settle_at, settle_decline
           from payment_intents where id = $1 for no key update"#,
        id
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn page(connection: &mut PgConnection, page: &Page) -> sqlx::Result<Vec<Intent>> {
    sqlx::query_as!(
        Intent,
        r#"select id, position, created_at, amount, amount_received, currency, status as "status: Status", payment_method,
             payment_method_types, client_secret, details, metadata, last_payment_error, latest_charge, canceled_at,
             cancellation_reason, settle_at, settle_decline
           from payment_intents
           where ($1::bigint is null or position < $1)
             and ($2::timestamptz is null or created_at >= $2)
             and ($3::timestamptz is null or created_at < $3)
           order by position desc limit $4"#,
        page.before,
        page.created_from,
        page.created_until,
        page.rows,
    )
    .fetch_all(connection)
    .await
}

/// The debits that are due, locked.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Intent>> {
    sqlx::query_as!(
        Intent,
        r#"select id, position, created_at, amount, amount_received, currency, status as "status: Status", payment_method,
             payment_method_types, client_secret, details, metadata, last_payment_error, latest_charge, canceled_at,
             cancellation_reason, settle_at, settle_decline
           from payment_intents where settle_at <= $1
           order by settle_at limit $2 for no key update skip locked"#,
        now,
        limit
    )
    .fetch_all(connection)
    .await
}

/// How many there are in each status.
pub(crate) async fn count_by_status(connection: &mut PgConnection) -> sqlx::Result<Value> {
    sqlx::query_scalar!(
        r#"select coalesce(json_object_agg(status, number), '{}') as "counts!: Value"
           from (select status, count(*) as number from payment_intents group by status) counted"#
    )
    .fetch_one(connection)
    .await
}
