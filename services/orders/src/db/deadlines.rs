//! When whoever owes an answer is asked again, and what has waited for too long.

use chrono::{DateTime, Utc};
use contracts::OrderId;
use sqlx::PgConnection;

/// Sets the next time.
pub(crate) async fn postpone(
    connection: &mut PgConnection,
    order: OrderId,
    deadline: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update orders set deadline = $2 where id = $1 and deadline is not null",
        order.0,
        deadline,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// How many orders have been waiting for their end since then or longer.
pub(crate) async fn stuck(
    connection: &mut PgConnection,
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from orders where state = 'CANCELLING' and state_since <= $1"#,
        since,
    )
    .fetch_one(connection)
    .await
}
