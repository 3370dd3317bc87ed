//! The lines of carts.

use chrono::{DateTime, Utc};
use contracts::{Currency, Money, UserId, VariantId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::carts::{self, columns};
use crate::domain::{
    cart::{Cart, Line, Quantity},
    facts::Facts,
    owner::Owner,
};

struct Row {
    quantity: i32,
    price_when_added_minor: i64,
    currency: String,
    added_at: DateTime<Utc>,
    facts: Json<Facts>,
}

impl TryFrom<Row> for Line {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let currency: Currency = row
            .currency
            .parse()
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self {
            quantity: Quantity::clamp(row.quantity.into()),
            price_when_added: Money::from_minor(row.price_when_added_minor, currency),
            added_at: row.added_at,
            facts: row.facts.0,
        })
    }
}

/// Those of one cart, the oldest first.
pub(crate) async fn of_cart(connection: &mut PgConnection, cart: Uuid) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select quantity, price_when_added_minor, currency, added_at, facts as "facts: Json<Facts>"
        from cart_lines
        where cart_id = $1
        order by added_at, variant_id
        "#,
        cart,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Line::try_from).collect()
}

/// Puts some more of one thing into somebody's cart, which comes back without its lines; nothing if they have none. Violates
/// `cart_lines_quantity` or `cart_lines_at_most_100` where there would be too many.
pub(crate) async fn add(
    connection: &mut PgConnection,
    owner: &Owner,
    expires_at: DateTime<Utc>,
    quantity: Quantity,
    facts: &Facts,
) -> sqlx::Result<Option<Cart>> {
    let (user, digest) = columns(owner);
    let row = sqlx::query_as!(
        carts::Row,
        "
        with cart as (
          update carts
          set version = version + 1, expires_at = $3
          where (user_id = $1 or guest_digest = $2) and expires_at > now()
          returning id, version, expires_at
        ), line as (
          insert into cart_lines (cart_id, variant_id, quantity, price_when_added_minor, currency, added_at, facts)
          select id, $4, $5, $6, $7, now(), $8 from cart
          on conflict (cart_id, variant_id) do update
          set quantity = cart_lines.quantity + excluded.quantity,
              price_when_added_minor = excluded.price_when_added_minor, currency = excluded.currency,
              facts = excluded.facts
        )
        select id, version, expires_at from cart
        ",
        user,
        digest,
        expires_at,
        facts.variant_id.0,
        quantity.get(),
        facts.price.minor,
        facts.price.currency.code(),
        Json(facts) as _,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Cart::from))
}

/// Sets how many of one thing there are in somebody's cart, which comes back without its lines; nothing if it is not in it.
pub(crate) async fn set_quantity(
    connection: &mut PgConnection,
    owner: &Owner,
    expires_at: DateTime<Utc>,
    variant: VariantId,
    quantity: Quantity,
) -> sqlx::Result<Option<Cart>> {
    let (user, digest) = columns(owner);
    let row = sqlx::query_as!(
        carts::Row,
        "
        with cart as (
          select id from carts where (user_id = $1 or guest_digest = $2) and expires_at > now() for no key update
        ), line as (
          update cart_lines l
          set quantity = $5
          from cart
          where l.cart_id = cart.id and l.variant_id = $4
          returning l.cart_id
        )
        update carts
        set version = version + 1, expires_at = $3
        from line
        where id = line.cart_id
        returning id, version, expires_at
        ",
        user,
        digest,
        expires_at,
        variant.0,
        quantity.get(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Cart::from))
}

/// Takes one thing out of somebody's cart, which comes back without its lines; nothing if it was not in it.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    owner: &Owner,
    expires_at: DateTime<Utc>,
    variant: VariantId,
) -> sqlx::Result<Option<Cart>> {
    let (user, digest) = columns(owner);
    let row = sqlx::query_as!(
        carts::Row,
        "
        with cart as (
          select id from carts where (user_id = $1 or guest_digest = $2) and expires_at > now() for no key update
        ), line as (
          delete from cart_lines l
          using cart
          where l.cart_id = cart.id and l.variant_id = $4
          returning l.cart_id
        )
        update carts
        set version = version + 1, expires_at = $3
        from line
        where id = line.cart_id
        returning id, version, expires_at
        ",
        user,
        digest,
        expires_at,
        variant.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Cart::from))
}

/// Takes everything out of somebody's cart, which comes back; nothing if they have none.
pub(crate) async fn clear(
    connection: &mut PgConnection,
    owner: &Owner,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<Option<Cart>> {
    let (user, digest) = columns(owner);
    let row = sqlx::query_as!(
        carts::Row,
        "
        with cart as (
          update carts
          set version = version + 1, expires_at = $3
          where (user_id = $1 or guest_digest = $2) and expires_at > now()
          returning id, version, expires_at
        ), emptied as (
          delete from cart_lines l using cart where l.cart_id = cart.id
        )
        select id, version, expires_at from cart
        ",
        user,
        digest,
        expires_at,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Cart::from))
}

/// Stores lines of a cart, which is locked, as they are now, whether they were there before or not.
pub(crate) async fn put(
    connection: &mut PgConnection,
    cart: Uuid,
    lines: &[Line],
) -> sqlx::Result<()> {
    let column = |line: &Line| (line.facts.variant_id.0, line.quantity.get());
    let (variants, quantities): (Vec<Uuid>, Vec<i32>) = lines.iter().map(column).unzip();
    let price = |line: &Line| {
        let price = line.price_when_added;
        (price.minor, price.currency.code().to_owned())
    };
    let (prices, currencies): (Vec<i64>, Vec<String>) = lines.iter().map(price).unzip();
    let times: Vec<DateTime<Utc>> = lines.iter().map(|line| line.added_at).collect();
    let facts: Vec<Json<&Facts>> = lines.iter().map(|line| Json(&line.facts)).collect();
    sqlx::query!(
        "
        insert into cart_lines (cart_id, variant_id, quantity, price_when_added_minor, currency, added_at, facts)
        select $1, * from unnest($2::uuid[], $3::integer[], $4::bigint[], $5::text[], $6::timestamptz[], $7::jsonb[])
        on conflict (cart_id, variant_id) do update
        set quantity = excluded.quantity, price_when_added_minor = excluded.price_when_added_minor,
            currency = excluded.currency, added_at = excluded.added_at, facts = excluded.facts
        ",
        cart,
        &variants,
        &quantities,
        &prices,
        &currencies,
        &times,
        &facts as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps what the catalogue says now, for when it is away. No change of the cart: only what is known of it is newer. While
/// somebody changes it, nothing is kept: there is another time.
pub(crate) async fn keep_facts(
    connection: &mut PgConnection,
    cart: Uuid,
    facts: &[&Facts],
) -> sqlx::Result<()> {
    let variants: Vec<Uuid> = facts.iter().map(|facts| facts.variant_id.0).collect();
    let facts: Vec<Json<&Facts>> = facts.iter().copied().map(Json).collect();
    sqlx::query!(
        "
        with cart as (
          select id from carts where id = $1 for no key update skip locked
        )
        update cart_lines l
        set facts = news.facts
        from cart, unnest($2::uuid[], $3::jsonb[]) as news (variant_id, facts)
        where l.cart_id = cart.id and l.variant_id = news.variant_id
        ",
        cart,
        &variants,
        &facts as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What somebody ordered of one thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ordered {
    pub(crate) user: UserId,
    pub(crate) variant: VariantId,
    pub(crate) quantity: i64,
}

/// Takes out of the carts of these users, which are locked, what they ordered; a line of which as many or more were ordered
/// goes. Each user and variant is named once. Gives the carts that changed.
pub(crate) async fn take_ordered(
    connection: &mut PgConnection,
    ordered: &[Ordered],
) -> sqlx::Result<Vec<Uuid>> {
    let ids = |ordered: &Ordered| (ordered.user.0, ordered.variant.0);
    let (users, variants): (Vec<Uuid>, Vec<Uuid>) = ordered.iter().map(ids).unzip();
    let quantities: Vec<i64> = ordered.iter().map(|ordered| ordered.quantity).collect();
    sqlx::query_scalar!(
        r#"
        with affected as (
          select l.cart_id, l.variant_id, l.quantity - o.quantity as remaining
          from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as o (user_id, variant_id, quantity)
          join carts c on c.user_id = o.user_id
          join cart_lines l on l.cart_id = c.id and l.variant_id = o.variant_id
        ), removed as (
          delete from cart_lines l
          using affected a
          where l.cart_id = a.cart_id and l.variant_id = a.variant_id and a.remaining < 1
          returning l.cart_id
        ), lowered as (
          update cart_lines l
          set quantity = a.remaining
          from affected a
          where l.cart_id = a.cart_id and l.variant_id = a.variant_id and a.remaining >= 1
          returning l.cart_id
        )
        select cart_id as "cart_id!" from removed
        union
        select cart_id from lowered
        "#,
        &users,
        &variants,
        &quantities,
    )
    .fetch_all(connection)
    .await
}
