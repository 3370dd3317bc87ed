//! What the provider has told us.

use sqlx::PgConnection;

/// Notes an event; false if it was told before.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    event_id: &str,
    kind: &str,
    body: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into psp_webhook (event_id, kind, body) values ($1, $2, $3) on conflict do nothing",
        event_id,
        kind,
        body,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets events of more than 45 days ago: the provider repeats one for three days at most.
pub(crate) async fn forget_old(connection: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "
        delete from psp_webhook
        where event_id in (
          select event_id from psp_webhook where received_at < now() - interval '45 days' order by received_at limit $1
        )
        ",
        limit,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
