//! Orders as somebody sees them, one at a time.

use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, ProductId, UserId, VariantId, VendorId, orders::ShippingAddress};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{decode, refunds, refunds::Refund};
use crate::domain::order::{Pay, State, Stock};

/// An order without its lines.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) id: OrderId,
    pub(crate) number: String,
    pub(crate) user: UserId,
    pub(crate) state: State,
    pub(crate) version: i64,
    pub(crate) stock: Stock,
    pub(crate) pay: Pay,
    pub(crate) reason: Option<String>,
    pub(crate) total: Money,
    pub(crate) refunded: Money,
    pub(crate) payment_method: String,
    pub(crate) address: ShippingAddress,
    pub(crate) carrier: Option<String>,
    pub(crate) tracking_number: Option<String>,
    pub(crate) placed_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A position of it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) order: OrderId,
    pub(crate) product: ProductId,
    pub(crate) variant: VariantId,
    pub(crate) vendor: VendorId,
    pub(crate) sku: String,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) picture: Option<String>,
    pub(crate) quantity: i32,
    pub(crate) unit_price_minor: i64,
}

/// A turn that it took.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) version: i64,
    pub(crate) state: State,
    pub(crate) cause: String,
    pub(crate) at: DateTime<Utc>,
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) head: Head,
    pub(crate) lines: Vec<Line>,
    pub(crate) turns: Vec<Turn>,
    pub(crate) refunds: Vec<Refund>,
}

pub(super) struct Row {
    pub(super) id: OrderId,
    pub(super) number: String,
    pub(super) user_id: UserId,
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) stock: String,
    pub(super) pay: String,
    pub(super) reason: Option<String>,
    pub(super) currency: String,
    pub(super) total_minor: i64,
    pub(super) refunded_minor: i64,
    pub(super) payment_method: String,
    pub(super) shipping_address: Json<ShippingAddress>,
    pub(super) carrier: Option<String>,
    pub(super) tracking_number: Option<String>,
    pub(super) placed_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for Head {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            number: row.number,
            user: row.user_id,
            state: decode::state(&row.state)?,
            version: row.version,
            stock: decode::stock(&row.stock)?,
            pay: decode::pay(&row.pay)?,
            reason: row.reason,
            total: decode::money(row.total_minor, &row.currency)?,
            refunded: decode::money(row.refunded_minor, &row.currency)?,
            payment_method: row.payment_method,
            address: row.shipping_address.0,
            carrier: row.carrier,
            tracking_number: row.tracking_number,
            placed_at: row.placed_at,
            updated_at: row.updated_at,
        })
    }
}

/// One order with everything.
pub(crate) async fn get(connection: &mut PgConnection, id: OrderId) -> sqlx::Result<Option<View>> {
    let Some(head) = head(connection, id).await? else {
        return Ok(None);
    };
    // Read after the row: what has happened since is left out, so that all of it is of one version.
    let mut turns = turns(connection, id).await?;
    turns.retain(|turn| turn.version <= head.version);
    Ok(Some(View {
        lines: lines(connection, &[id]).await?,
        refunds: refunds::of_order(connection, id).await?,
        turns,
        head,
    }))
}

/// One order without its lines.
pub(crate) async fn head(connection: &mut PgConnection, id: OrderId) -> sqlx::Result<Option<Head>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select id as "id: OrderId", number, user_id as "user_id: UserId", state, version, stock, pay, reason, currency,
          total_minor, refunded_minor, payment_method, shipping_address as "shipping_address: Json<ShippingAddress>",
          carrier, tracking_number, placed_at, updated_at
        from orders
        where id = $1
        "#,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Head::try_from).transpose()
}

/// The lines of several orders, in their order.
pub(crate) async fn lines(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<Vec<Line>> {
    let orders: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        Line,
        r#"
        select order_id as "order: OrderId", product_id as "product: ProductId", variant_id as "variant: VariantId",
          vendor_id as "vendor: VendorId", sku, slug, name, picture, quantity, unit_price_minor
        from order_line
        where order_id = any($1)
        order by order_id, position
        "#,
        &orders,
    )
    .fetch_all(connection)
    .await
}

async fn turns(connection: &mut PgConnection, order: OrderId) -> sqlx::Result<Vec<Turn>> {
    let rows = sqlx::query!(
        "select version, to_state, cause, at from order_history where order_id = $1 order by version",
        order.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Turn {
                version: row.version,
                state: decode::state(&row.to_state)?,
                cause: row.cause,
                at: row.at,
            })
        })
        .collect()
}

/// The versions of these orders.
pub(crate) async fn versions(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<Vec<(OrderId, i64)>> {
    let orders: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id as "id: OrderId", version from orders where id = any($1)"#,
        &orders,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.version)).collect())
}
