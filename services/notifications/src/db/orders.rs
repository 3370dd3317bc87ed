//! How far orders have come, and what was ordered.

use contracts::{OrderId, UserId};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::order::OrderState;

/// What an event says of an order.
pub(crate) struct Heard {
    pub(crate) id: OrderId,
    pub(crate) user_id: UserId,
    pub(crate) version: i64,
    pub(crate) state: OrderState,
    /// What was ordered, if this event says that.
    pub(crate) placed: Option<Value>,
}

/// Takes note of it, and locks the orders until the commit. An event older than what is known changes no state.
///
/// Each order at most once in `heard`.
pub(crate) async fn hear(connection: &mut PgConnection, heard: &[Heard]) -> sqlx::Result<()> {
    let ids: Vec<_> = heard.iter().map(|one| one.id.0).collect();
    let users: Vec<_> = heard.iter().map(|one| one.user_id.0).collect();
    let versions: Vec<_> = heard.iter().map(|one| one.version).collect();
    let states: Vec<_> = heard
        .iter()
        .map(|one| one.state.name().to_owned())
        .collect();
    let placed: Vec<Option<Value>> = heard.iter().map(|one| one.placed.clone()).collect();
    sqlx::query!(
        r#"
        insert into customer_order as known (id, user_id, version, state, placed)
        select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::jsonb[]) as one (id, user_id, version, state, placed)
        order by id
        on conflict (id) do update
        set state = case when excluded.version > known.version then excluded.state else known.state end,
            version = greatest(excluded.version, known.version),
            placed = coalesce(known.placed, excluded.placed),
            updated_at = now()
        "#,
        &ids,
        &users,
        &versions,
        &states,
        &placed as &[Option<Value>],
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets orders that nothing was heard of for so many days and that no mail is about, a limited number at a time.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from customer_order
        where id in (
          select id from customer_order known
          where updated_at < now() - make_interval(days => $1)
            and not exists (select 1 from email where email.order_id = known.id and status = 'PENDING')
          order by updated_at
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
