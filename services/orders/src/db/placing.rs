//! New orders: any number of them, with their lines, history and events, in one statement.

use chassis::correlation;
use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, UserId, VendorId, orders::ShippingAddress};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::outbox::OutboxRow;
use crate::domain::identifiers::{Fingerprint, IdempotencyKey};

/// An order that is to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    pub(crate) id: OrderId,
    pub(crate) user: UserId,
    pub(crate) email: String,
    pub(crate) key: IdempotencyKey,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) total: Money,
    pub(crate) payment_method: String,
    pub(crate) address: ShippingAddress,
    pub(crate) lines: Vec<NewLine>,
    pub(crate) placed_at: DateTime<Utc>,
    pub(crate) deadline: DateTime<Utc>,
    /// Its events. Where the payload has a member `number`, the order's number takes its place.
    pub(crate) events: Vec<OutboxRow>,
}

/// A position of it, as the product is now.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    pub(crate) product: Uuid,
    pub(crate) variant: Uuid,
    pub(crate) vendor: VendorId,
    pub(crate) sku: String,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) picture: Option<String>,
    pub(crate) quantity: i32,
    pub(crate) unit_price: Money,
}

/// Which orders were written, with their numbers. Those whose key is taken are not among them.
pub(crate) async fn insert_all(
    connection: &mut PgConnection,
    orders: &[NewOrder],
) -> sqlx::Result<Vec<(OrderId, String)>> {
    let (head, lines, events) = (Heads::of(orders), Lines::of(orders), Events::of(orders));
    let rows = sqlx::query_file!(
        "src/db/place_orders.sql",
        &head.ids,
        &head.users,
        &head.emails,
        &head.keys,
        &head.fingerprints,
        &head.currencies,
        &head.totals,
        &head.payment_methods,
        &head.addresses,
        &head.placed_at,
        &head.deadlines,
        &lines.orders,
        &lines.positions,
        &lines.products,
        &lines.variants,
        &lines.vendors,
        &lines.skus,
        &lines.slugs,
        &lines.names,
        &lines.pictures as &[Option<String>],
        &lines.quantities,
        &lines.unit_prices,
        &events.ids,
        &events.subjects,
        &events.orders,
        &events.payloads,
        &events.traceparents as &[Option<String>],
        &events.causation_ids as &[Option<String>],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

/// The orders' own columns, one array each.
#[derive(Default)]
struct Heads {
    ids: Vec<Uuid>,
    users: Vec<Uuid>,
    emails: Vec<String>,
    keys: Vec<String>,
    fingerprints: Vec<Vec<u8>>,
    currencies: Vec<String>,
    totals: Vec<i64>,
    payment_methods: Vec<String>,
    addresses: Vec<Value>,
    placed_at: Vec<DateTime<Utc>>,
    deadlines: Vec<DateTime<Utc>>,
}

impl Heads {
    fn of(orders: &[NewOrder]) -> Self {
        let mut all = Self::default();
        for order in orders {
            all.ids.push(order.id.0);
            all.users.push(order.user.0);
            all.emails.push(order.email.clone());
            all.keys.push(order.key.as_str().to_owned());
            all.fingerprints.push(order.fingerprint.to_vec());
            all.currencies.push(order.total.currency.code().to_owned());
            all.totals.push(order.total.minor);
            all.payment_methods.push(order.payment_method.clone());
            let address = serde_json::to_value(&order.address);
            all.addresses
                .push(address.expect("BUG: an address is always JSON"));
            all.placed_at.push(order.placed_at);
            all.deadlines.push(order.deadline);
        }
        all
    }
}

/// The columns of their lines.
#[derive(Default)]
struct Lines {
    orders: Vec<Uuid>,
    positions: Vec<i32>,
    products: Vec<Uuid>,
    variants: Vec<Uuid>,
    vendors: Vec<Uuid>,
    skus: Vec<String>,
    slugs: Vec<String>,
    names: Vec<String>,
    pictures: Vec<Option<String>>,
    quantities: Vec<i32>,
    unit_prices: Vec<i64>,
}

impl Lines {
    fn of(orders: &[NewOrder]) -> Self {
        let mut all = Self::default();
        for order in orders {
            for (position, line) in (1..).zip(&order.lines) {
                all.orders.push(order.id.0);
                all.positions.push(position);
                all.products.push(line.product);
                all.variants.push(line.variant);
                all.vendors.push(line.vendor.0);
                all.skus.push(line.sku.clone());
                all.slugs.push(line.slug.clone());
                all.names.push(line.name.clone());
                all.pictures.push(line.picture.clone());
                all.quantities.push(line.quantity);
                all.unit_prices.push(line.unit_price.minor);
            }
        }
        all
    }
}

/// The columns of their events.
#[derive(Default)]
struct Events {
    ids: Vec<Uuid>,
    subjects: Vec<String>,
    orders: Vec<Uuid>,
    payloads: Vec<Value>,
    traceparents: Vec<Option<String>>,
    causation_ids: Vec<Option<String>>,
}

impl Events {
    fn of(orders: &[NewOrder]) -> Self {
        let mut all = Self::default();
        for event in orders.iter().flat_map(|order| &order.events) {
            all.ids.push(event.event_id);
            all.subjects.push(event.subject.clone());
            all.orders.push(event.order.0);
            all.payloads.push(event.payload.clone());
            let (traceparent, causation_id) = correlation::columns(event.correlation.as_ref());
            all.traceparents.push(traceparent);
            all.causation_ids.push(causation_id);
        }
        all
    }
}

/// An order that was placed with a key.
pub(crate) struct Keyed {
    pub(crate) id: OrderId,
    pub(crate) fingerprint: Vec<u8>,
}

/// The order that this key stands for, if there is one.
pub(crate) async fn by_key(
    connection: &mut PgConnection,
    user: UserId,
    key: &IdempotencyKey,
) -> sqlx::Result<Option<Keyed>> {
    sqlx::query_as!(
        Keyed,
        r#"
        select id as "id: OrderId", fingerprint
        from orders
        where user_id = $1 and idempotency_key = $2
        "#,
        user.0,
        key.as_str(),
    )
    .fetch_optional(connection)
    .await
}
