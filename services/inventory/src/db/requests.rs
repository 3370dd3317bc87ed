//! What vendors and admins asked for, and what they were answered: a request under a key happens once.

use contracts::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

/// A request that came before under the same key.
#[derive(Debug)]
pub(crate) struct Earlier {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) answer: Option<String>,
}

/// Takes the key, or says that it has been taken; waits for a twin that is being handled.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    request: Uuid,
    actor: UserId,
    key: &str,
    fingerprint: &[u8],
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        insert into stock_request (request_id, actor_id, idempotency_key, fingerprint)
        values ($1, $2, $3, $4)
        on conflict on constraint stock_request_once do nothing
        ",
        request,
        actor.0,
        key,
        fingerprint,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn find(
    connection: &mut PgConnection,
    actor: UserId,
    key: &str,
) -> sqlx::Result<Option<Earlier>> {
    sqlx::query_as!(
        Earlier,
        "select fingerprint, answer from stock_request where actor_id = $1 and idempotency_key = $2",
        actor.0,
        key,
    )
    .fetch_optional(connection)
    .await
}

/// Keeps what the request was answered.
pub(crate) async fn answer(
    connection: &mut PgConnection,
    request: Uuid,
    answer: &str,
) -> sqlx::Result<()> {
    let done = sqlx::query!(
        "update stock_request set answer = $2 where request_id = $1",
        request,
        answer
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}
