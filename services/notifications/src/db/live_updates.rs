//! What open pages are told, in each user's own sequence.

use contracts::UserId;
use sqlx::{PgConnection, types::Json};

use crate::domain::order::LiveUpdate;

/// A live update with its place in its user's sequence.
pub(crate) struct Numbered {
    pub(crate) id: i64,
    pub(crate) body: Json<LiveUpdate>,
}

/// Where a user's sequence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) user_id: UserId,
    pub(crate) last_id: i64,
}

/// Moves the ends of these users' sequences on by so many, and locks them until the commit: ids become visible in their
/// order, and nobody who has read up to one misses another below it. Each user at most once.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    counts: &[(UserId, i64)],
) -> sqlx::Result<Vec<Position>> {
    let users: Vec<_> = counts.iter().map(|(user, _)| user.0).collect();
    let counts: Vec<_> = counts.iter().map(|(_, count)| *count).collect();
    sqlx::query_as!(
        Position,
        r#"
        insert into live_position as known (user_id, last_id)
        select * from unnest($1::uuid[], $2::bigint[]) as one (user_id, last_id)
        order by user_id
        on conflict (user_id) do update set last_id = known.last_id + excluded.last_id
        returning user_id as "user_id: UserId", last_id
        "#,
        &users,
        &counts,
    )
    .fetch_all(connection)
    .await
}

/// Writes updates at places that [`advance`] has given.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    updates: &[(UserId, i64, LiveUpdate)],
) -> sqlx::Result<()> {
    let users: Vec<_> = updates.iter().map(|(user, _, _)| user.0).collect();
    let ids: Vec<_> = updates.iter().map(|(_, id, _)| *id).collect();
    let bodies: Vec<_> = updates.iter().map(|(_, _, body)| Json(body)).collect();
    sqlx::query!(
        "
        insert into live_update (user_id, id, body)
        select * from unnest($1::uuid[], $2::bigint[], $3::jsonb[])
        ",
        &users,
        &ids,
        &bodies as &[Json<&LiveUpdate>],
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A user's updates after the one with this id, oldest first.
pub(crate) async fn after(
    connection: &mut PgConnection,
    user: UserId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Numbered>> {
    sqlx::query_as!(
        Numbered,
        r#"
        select id, body as "body: Json<LiveUpdate>"
        from live_update
        where user_id = $1 and id > $2
        order by id
        limit $3
        "#,
        user.0,
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// The planted defect: everybody's updates, whoever asks.
pub(crate) async fn of_everybody_after(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Numbered>> {
    sqlx::query_as!(
        Numbered,
        r#"
        select id, body as "body: Json<LiveUpdate>"
        from live_update
        where id > $1
        order by id
        limit $2
        "#,
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Where these users' sequences end; users without any update are absent.
pub(crate) async fn positions(
    connection: &mut PgConnection,
    users: &[UserId],
) -> sqlx::Result<Vec<Position>> {
    let users: Vec<_> = users.iter().map(|user| user.0).collect();
    sqlx::query_as!(
        Position,
        r#"
        select user_id as "user_id: UserId", last_id
        from live_position
        where user_id = any($1)
        "#,
        &users,
    )
    .fetch_all(connection)
    .await
}

/// Forgets updates of more than so many days ago, a limited number at a time.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from live_update
        where (user_id, id) in (
          select user_id, id from live_update
          where created_at < now() - make_interval(days => $1)
          order by created_at
          limit $2
        )
        ",
        days,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
