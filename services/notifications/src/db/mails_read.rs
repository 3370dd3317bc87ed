//! Mails as their recipients and admins see them.

use chrono::{DateTime, Utc};
use contracts::{OrderId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// A mail without its address and content.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) template: String,
    pub(crate) subject: String,
    pub(crate) status: String,
    pub(crate) attempts: i32,
    pub(crate) next_at: DateTime<Utc>,
    pub(crate) failure: Option<String>,
    pub(crate) answer: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
}

/// Where a page begins: behind the mail that was made then and has this id.
pub(crate) type Place = (DateTime<Utc>, Uuid);

/// Which of them a list shows.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) status: Option<&'static str>,
    pub(crate) order: Option<OrderId>,
}

/// A mail, if it is this user's; anybody's without.
pub(crate) async fn get(
    connection: &mut PgConnection,
    id: Uuid,
    user: Option<UserId>,
) -> sqlx::Result<Option<Shown>> {
    sqlx::query_as!(
        Shown,
        r#"
        select id, user_id as "user_id: UserId", order_id as "order_id: OrderId", template, subject, status, attempts, next_at,
          failure, answer, created_at, updated_at, sent_at
        from email
        where id = $1 and ($2::uuid is null or user_id = $2)
        "#,
        id,
        user.map(|user| user.0),
    )
    .fetch_optional(connection)
    .await
}

/// A page of one user's mails, newest first.
pub(crate) async fn page_of_user(
    connection: &mut PgConnection,
    user: UserId,
    wanted: &Wanted,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Shown>> {
    let (time, id) = after.unzip();
    sqlx::query_as!(
        Shown,
        r#"
        select id, user_id as "user_id: UserId", order_id as "order_id: OrderId", template, subject, status, attempts, next_at,
          failure, answer, created_at, updated_at, sent_at
        from email
        where user_id = $1 and ($2::text is null or status = $2) and ($6::uuid is null or order_id = $6)
          and (created_at, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
        order by created_at desc, id desc
        limit $5
        "#,
        user.0,
        wanted.status,
        time,
        id,
        limit,
        wanted.order.map(|order| order.0),
    )
    .fetch_all(connection)
    .await
}

/// A page of everybody's mails, newest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    wanted: &Wanted,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Shown>> {
    let (time, id) = after.unzip();
    sqlx::query_as!(
        Shown,
        r#"
        select id, user_id as "user_id: UserId", order_id as "order_id: OrderId", template, subject, status, attempts, next_at,
          failure, answer, created_at, updated_at, sent_at
        from email
        where ($1::text is null or status = $1) and ($5::uuid is null or order_id = $5)
          and (created_at, id) < (coalesce($2, 'infinity'::timestamptz), coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
        order by created_at desc, id desc
        limit $4
        "#,
        wanted.status,
        time,
        id,
        limit,
        wanted.order.map(|order| order.0),
    )
    .fetch_all(connection)
    .await
}
