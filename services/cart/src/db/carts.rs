//! Carts without their lines. An expired one is as though it were not there.

use chrono::{DateTime, Utc};
use contracts::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{cart::Cart, owner::Owner};

pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) version: i64,
    pub(super) expires_at: DateTime<Utc>,
}

impl From<Row> for Cart {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            version: row.version,
            expires_at: row.expires_at,
            lines: Vec::new(),
        }
    }
}

/// The two columns of an owner, one of which is null.
pub(super) fn columns(owner: &Owner) -> (Option<Uuid>, Option<&[u8]>) {
    match owner {
        Owner::User(user) => (Some(user.0), None),
        Owner::Guest(digest) => (None, Some(digest)),
    }
}

/// Somebody's cart, its lines not read.
pub(crate) async fn find(
    connection: &mut PgConnection,
    owner: &Owner,
) -> sqlx::Result<Option<Cart>> {
    let (user, digest) = columns(owner);
    let row = sqlx::query_as!(
        Row,
        "
        select id, version, expires_at
        from carts
        where (user_id = $1 or guest_digest = $2) and expires_at > now()
        ",
        user,
        digest,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Cart::from))
}

/// Begins a change of somebody's cart: locks it, counts the change, and moves its end on. Its lines are not read.
pub(crate) async fn change(
    connection: &mut PgConnection,
    owner: &Owner,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<Option<Cart>> {
    let (user, digest) = columns(owner);
    let row = sqlx::query_as!(
        Row,
        "
        update carts
        set version = version + 1, expires_at = $3
        where (user_id = $1 or guest_digest = $2) and expires_at > now()
        returning id, version, expires_at
        ",
        user,
        digest,
        expires_at,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Cart::from))
}

/// Makes a cart for somebody, unless they have one. An account's that has expired and was not removed yet is theirs again.
pub(crate) async fn open(
    connection: &mut PgConnection,
    owner: &Owner,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (user, digest) = columns(owner);
    sqlx::query!(
        "
        insert into carts (id, user_id, guest_digest, expires_at)
        values ($1, $2, $3, $4)
        on conflict (user_id) do update set expires_at = excluded.expires_at
        ",
        Uuid::now_v7(),
        user,
        digest,
        expires_at,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Moves a cart's end on because it was looked at.
pub(crate) async fn renew(
    connection: &mut PgConnection,
    cart: Uuid,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update carts set expires_at = $2 where id = $1",
        cart,
        expires_at
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Removes a cart with its lines.
pub(crate) async fn remove(connection: &mut PgConnection, cart: Uuid) -> sqlx::Result<()> {
    sqlx::query_scalar!("delete from carts where id = $1 returning id", cart)
        .fetch_one(connection)
        .await
        .map(drop)
}

/// Locks the carts of these users, always in the same order, so that nobody waits for each other.
pub(crate) async fn lock_of_users(
    connection: &mut PgConnection,
    users: &[UserId],
) -> sqlx::Result<()> {
    let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    sqlx::query_scalar!(
        "select id from carts where user_id = any($1) order by id for no key update",
        &users
    )
    .fetch_all(connection)
    .await
    .map(drop)
}

/// Counts a change of each of these carts, which are locked.
pub(crate) async fn count_change(
    connection: &mut PgConnection,
    carts: &[Uuid],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update carts set version = version + 1 where id = any($1)",
        carts
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Removes expired carts, at most so many; one that is being used right now is left alone. Says how many.
pub(crate) async fn forget_expired(connection: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "
        delete from carts
        where id in (
          select id from carts where expires_at <= now() order by expires_at limit $1 for update skip locked
        )
        ",
        limit
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
