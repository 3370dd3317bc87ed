//! What people write to the shop, with their documents.

use contracts::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::message::{Document, Topic};

/// A message as it is kept.
pub(crate) struct NewMessage<'a> {
    pub(crate) id: Uuid,
    pub(crate) topic: Topic,
    pub(crate) user: Option<UserId>,
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) order_number: Option<&'a str>,
    pub(crate) body: &'a str,
}

/// A document as it was kept.
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) content: Vec<u8>,
}

/// Keeps a message.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    message: &NewMessage<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into message (id, topic, user_id, name, email, order_number, body)
        values ($1, $2, $3, $4, $5, $6, $7)
        ",
        message.id,
        message.topic.name(),
        message.user.map(|user| user.0),
        message.name,
        message.email,
        message.order_number,
        message.body,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps its document.
pub(crate) async fn insert_document(
    connection: &mut PgConnection,
    message: Uuid,
    document: &Document,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into message_document (message_id, name, media_type, content) values ($1, $2, $3, $4)",
        message,
        document.name,
        document.media_type.name(),
        document.content,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// How many messages this sender has written in the last hour.
pub(crate) async fn count_lately(connection: &mut PgConnection, email: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from message
        where email = $1 and created_at > now() - interval '1 hour'
        "#,
        email,
    )
    .fetch_one(connection)
    .await
}

/// The document of a message.
pub(crate) async fn document(
    connection: &mut PgConnection,
    message: Uuid,
) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as!(
        Kept,
        "select name, media_type, content from message_document where message_id = $1",
        message,
    )
    .fetch_optional(connection)
    .await
}

/// Forgets messages of so many days ago with their documents, a limited number at a time.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from message
        where id in (
          select id from message
          where created_at < now() - make_interval(days => $1)
          order by created_at
          limit $2
          for update skip locked
        )
        ",
        days,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
