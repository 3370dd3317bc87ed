//! Events.

use serde_json::Value;
use sqlx::PgConnection;

use super::Page;
use crate::domain::event::Event;

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Happened<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) object: &'a Value,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    event: &Happened<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into events (id, type, object, request_id, idempotency_key) values ($1, $2, $3, $4, $5)"#,
        event.id,
        event.kind,
        event.object,
        event.request_id,
        event.idempotency_key,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn find(connection: &mut PgConnection, id: &str) -> sqlx::Result<Option<Event>> {
    sqlx::query_as!(
        Event,
        r#"select id, position, created_at, type as kind, object, request_id, idempotency_key,
             (select count(*) from webhook_deliveries where event = events.id and delivered_at is null) as "pending_webhooks!"
           from events where id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await
}

/// All, or those of one type.
pub(crate) async fn page(
    connection: &mut PgConnection,
    kind: Option<&str>,
    page: &Page,
) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        r#"select id, position, created_at, type as kind, object, request_id, idempotency_key,
             (select count(*) from webhook_deliveries where event = events.id and delivered_at is null) as "pending_webhooks!"
           from events
           where ($1::text is null or type = $1)
             and ($2::bigint is null or position < $2)
             and ($3::timestamptz is null or created_at >= $3)
             and ($4::timestamptz is null or created_at < $4)
           order by position desc limit $5"#,
        kind,
        page.before,
        page.created_from,
        page.created_until,
        page.rows,
    )
    .fetch_all(connection)
    .await
}
