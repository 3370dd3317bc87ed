//! Orders as somebody sees them, a page at a time, newest first unless somebody works on them.
//!
//! One statement for each kind of list, so that each has a plan of its own that walks its own index.

use contracts::{OrderId, UserId, VendorId, orders::ShippingAddress};
use sqlx::{PgConnection, types::Json};

use super::views::{Head, Row};
use crate::domain::{cursor::Cursor, order::State};

/// Whose orders.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope {
    /// A shopper's own.
    Of(UserId),
    /// Those with a line of this vendor's.
    With(VendorId),
    /// Everybody's.
    All,
}

/// Which of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub(crate) scope: Scope,
    pub(crate) state: Option<State>,
    /// The one that people know by this number.
    pub(crate) number: Option<&'a str>,
    /// Those that wait longest first; only for vendors and admins, who work on them in this order.
    pub(crate) oldest_first: bool,
}

/// At most `limit` of them, before `cursor` (which begins at [`Cursor::NEWEST`]); with `oldest_first` behind it (and it begins
/// at [`Cursor::OLDEST`]).
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: Filter<'_>,
    cursor: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Head>> {
    let state = filter.state.map(State::name);
    let rows = match filter.scope {
        Scope::Of(user) => of_user(connection, user, state, filter.number, cursor, limit).await?,
        Scope::With(vendor) if filter.oldest_first => {
            with_vendor_oldest(connection, vendor, state, filter.number, cursor, limit).await?
        }
        Scope::With(vendor) => {
            with_vendor(connection, vendor, state, filter.number, cursor, limit).await?
        }
        Scope::All if filter.oldest_first => {
            all_oldest(connection, state, filter.number, cursor, limit).await?
        }
        Scope::All => all(connection, state, filter.number, cursor, limit).await?,
    };
    rows.into_iter().map(Head::try_from).collect()
}

async fn of_user(
    connection: &mut PgConnection,
    user: UserId,
    state: Option<&str>,
    number: Option<&str>,
    cursor: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", state, version, stock, pay, reason, currency,
          total_minor, refunded_minor, payment_method, shipping_address as "shipping_address: Json<ShippingAddress>",
          carrier, tracking_number, placed_at, updated_at
        from orders
        where user_id = $1 and ($2::text is null or state = $2) and (placed_at, id) < ($3, $4::uuid)
          and ($6::text is null or number = $6)
        order by placed_at desc, id desc
        limit $5
        "#,
        user.0,
        state,
        cursor.placed_at,
        cursor.id.0,
        limit,
        number,
    )
    .fetch_all(connection)
    .await
}

async fn with_vendor(
    connection: &mut PgConnection,
    vendor: VendorId,
    state: Option<&str>,
    number: Option<&str>,
    cursor: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", state, version, stock, pay, reason, currency,
          total_minor, refunded_minor, payment_method, shipping_address as "shipping_address: Json<ShippingAddress>",
          carrier, tracking_number, placed_at, updated_at
        from orders
        where id in (select order_id from order_line where vendor_id = $1)
          and ($2::text is null or state = $2) and (placed_at, id) < ($3, $4::uuid)
          and ($6::text is null or number = $6)
        order by placed_at desc, id desc
        limit $5
        "#,
        vendor.0,
        state,
        cursor.placed_at,
        cursor.id.0,
        limit,
        number,
    )
    .fetch_all(connection)
    .await
}

async fn with_vendor_oldest(
    connection: &mut PgConnection,
    vendor: VendorId,
    state: Option<&str>,
    number: Option<&str>,
    cursor: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", state, version, stock, pay, reason, currency,
          total_minor, refunded_minor, payment_method, shipping_address as "shipping_address: Json<ShippingAddress>",
          carrier, tracking_number, placed_at, updated_at
        from orders
        where id in (select order_id from order_line where vendor_id = $1)
          and ($2::text is null or state = $2) and (placed_at, id) > ($3, $4::uuid)
          and ($6::text is null or number = $6)
        order by placed_at, id
        limit $5
        "#,
        vendor.0,
        state,
        cursor.placed_at,
        cursor.id.0,
        limit,
        number,
    )
    .fetch_all(connection)
    .await
}

async fn all(
    connection: &mut PgConnection,
    state: Option<&str>,
    number: Option<&str>,
    cursor: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", state, version, stock, pay, reason, currency,
          total_minor, refunded_minor, payment_method, shipping_address as "shipping_address: Json<ShippingAddress>",
          carrier, tracking_number, placed_at, updated_at
        from orders
        where ($1::text is null or state = $1) and (placed_at, id) < ($2, $3::uuid)
          and ($5::text is null or number = $5)
        order by placed_at desc, id desc
        limit $4
        "#,
        state,
        cursor.placed_at,
        cursor.id.0,
        limit,
        number,
    )
    .fetch_all(connection)
    .await
}

async fn all_oldest(
    connection: &mut PgConnection,
    state: Option<&str>,
    number: Option<&str>,
    cursor: Cursor,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", state, version, stock, pay, reason, currency,
          total_minor, refunded_minor, payment_method, shipping_address as "shipping_address: Json<ShippingAddress>",
          carrier, tracking_number, placed_at, updated_at
        from orders
        where ($1::text is null or state = $1) and (placed_at, id) > ($2, $3::uuid)
          and ($5::text is null or number = $5)
        order by placed_at, id
        limit $4
        "#,
        state,
        cursor.placed_at,
        cursor.id.0,
        limit,
        number,
    )
    .fetch_all(connection)
    .await
}

/// How many there are in all.
pub(crate) async fn count(connection: &mut PgConnection, filter: Filter<'_>) -> sqlx::Result<i64> {
    let state = filter.state.map(State::name);
    match filter.scope {
        Scope::Of(user) => {
            sqlx::query_scalar!(
                r#"select count(*) as "count!" from orders where user_id = $1 and ($2::text is null or state = $2) and ($3::text is null or number = $3)"#,
                user.0,
                state,
                filter.number,
            )
            .fetch_one(connection)
            .await
        }
        Scope::With(vendor) => {
            sqlx::query_scalar!(
                r#"
                select count(*) as "count!"
                from orders
                where id in (select order_id from order_line where vendor_id = $1) and ($2::text is null or state = $2)
                  and ($3::text is null or number = $3)
                "#,
                vendor.0,
                state,
                filter.number,
            )
            .fetch_one(connection)
            .await
        }
        Scope::All => {
            sqlx::query_scalar!(
                r#"select count(*) as "count!" from orders where ($1::text is null or state = $1) and ($2::text is null or number = $2)"#,
                state,
                filter.number,
            )
            .fetch_one(connection)
            .await
        }
    }
}
