//! The queue of events that are still to be told.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

/// An event that this process has leased.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) event: String,
    /// This one included.
    pub(crate) attempts: i32,
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    event: &str,
    due_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into webhook_deliveries (event, due_at) values ($1, $2)"#,
        event,
        due_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes those that are due until `lease_until`; when this process dies, they become due again.
pub(crate) async fn lease(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Leased>> {
    sqlx::query_as!(
        Leased,
        r#"with due as (
             select event from webhook_deliveries
             where delivered_at is null and due_at <= $1
             order by due_at limit $3 for update skip locked
           )
           update webhook_deliveries set due_at = $2, attempts = attempts + 1
           from due where webhook_deliveries.event = due.event
           returning webhook_deliveries.event, webhook_deliveries.attempts"#,
        now,
        lease_until,
        limit
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn delivered(
    connection: &mut PgConnection,
    event: &str,
    outcome: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"update webhook_deliveries set delivered_at = coalesce(delivered_at, now()), outcome = $2 where event = $1"#,
        event,
        outcome
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn failed(
    connection: &mut PgConnection,
    event: &str,
    outcome: &str,
    due_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"update webhook_deliveries set due_at = $3, outcome = $2 where event = $1 and delivered_at is null"#,
        event,
        outcome,
        due_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many have been told, and how many have not.
pub(crate) async fn totals(connection: &mut PgConnection) -> sqlx::Result<Value> {
    sqlx::query_scalar!(
        r#"select json_build_object(
             'pending', count(*) filter (where delivered_at is null),
             'delivered', count(*) filter (where delivered_at is not null),
             'attempts', coalesce(sum(attempts), 0)
           ) as "totals!: Value"
           from webhook_deliveries"#
    )
    .fetch_one(connection)
    .await
}
