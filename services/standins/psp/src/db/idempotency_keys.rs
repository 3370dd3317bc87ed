//! Idempotency keys, each with the answer that it gives from then on.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// What a key was first used for, and what came of it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) request_id: String,
    pub(crate) path: String,
    pub(crate) fingerprint: String,
    pub(crate) status: Option<i16>,
    pub(crate) body: Option<String>,
}

/// The request that uses a key.
#[derive(Debug)]
pub(crate) struct Use<'a> {
    pub(crate) key: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) path: &'a str,
    pub(crate) fingerprint: &'a str,
}

/// Takes the key, unless it has been taken. Waits for another transaction that is about to take it.
pub(crate) async fn take(connection: &mut PgConnection, usage: &Use<'_>) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        r#"insert into idempotency_keys (key, request_id, path, fingerprint) values ($1, $2, $3, $4)
           on conflict (key) do nothing"#,
        usage.key,
        usage.request_id,
        usage.path,
        usage.fingerprint,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

pub(crate) async fn find(connection: &mut PgConnection, key: &str) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as!(
        Kept,
        r#"select request_id, path, fingerprint, status, body from idempotency_keys where key = $1"#,
        key
    )
    .fetch_optional(connection)
    .await
}

/// Writes down the answer.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    key: &str,
    status: i16,
    body: &str,
) -> sqlx::Result<()> {
    let kept = sqlx::query!(
        r#"update idempotency_keys set status = $2, body = $3 where key = $1"#,
        key,
        status,
        body
    )
    .execute(connection)
    .await?;
    if kept.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// Forgets this key if it is from before `limit`.
pub(crate) async fn forget_if_older(
    connection: &mut PgConnection,
    key: &str,
    limit: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"delete from idempotency_keys where key = $1 and created_at < $2"#,
        key,
        limit
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets some of the keys from before `limit`; how many.
pub(crate) async fn forget_older(
    connection: &mut PgConnection,
    limit: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"delete from idempotency_keys
           where key in (select key from idempotency_keys where created_at < $1 limit $2 for update skip locked)"#,
        limit,
        most
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
