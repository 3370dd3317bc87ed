//! What orders tells others: requests to payments and inventory, and each turn that an order takes.
//!
//! A request (`…Requested`) may arrive more than once under the same event id: the deadline worker repeats it until it is
//! answered. Only the service that was asked says what came of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, ProductId, RefundId, UserId, VariantId, VendorId, event::event};

/// Where an order is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShippingAddress {
    /// Who takes it in, where that is not the account's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Street and house number.
    pub street: String,
    /// Town.
    pub city: String,
    /// State, county or province, where the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    pub zip_code: String,
    /// Country, as the shopper wrote it.
    pub country: String,
}

/// One position of an order, as the product was when it was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Which product.
    pub product_id: ProductId,
    /// In which form.
    pub variant_id: VariantId,
    /// Who sells it.
    pub vendor_id: VendorId,
    /// The form's stock keeping unit.
    pub sku: String,
    /// What it was called.
    pub name: String,
    /// How many, from 1 to 999.
    pub quantity: i32,
    /// What one of them cost.
    pub unit_price: Money,
}

/// Somebody ordered; the goods are held for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPlaced {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
    /// What everything costs.
    pub total: Money,
    /// What it is, at least one position.
    pub lines: Vec<Line>,
    /// Where it goes.
    pub shipping_address: ShippingAddress,
    /// When.
    pub placed_at: DateTime<Utc>,
}

/// Payments shall charge for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRequested {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// Who pays.
    pub user_id: UserId,
    /// How much.
    pub amount: Money,
    /// The provider's name of the method, such as `pm_card_visa`.
    pub payment_method: String,
}

/// Payments shall not charge for an order any more, or say that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelRequested {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
}

/// Payments shall give money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundRequested {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// Which refund; a repetition has the same.
    pub refund_id: RefundId,
    /// How much, at most what is left of the charge.
    pub amount: Money,
    /// Why, for people.
    pub reason: String,
}

/// Inventory shall give the held goods to the order for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockCommitRequested {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
}

/// Inventory shall set the goods free; those that were given to the order come back to the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockReleaseRequested {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
}

/// An order is paid, and the goods are its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaid {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
    /// How much.
    pub total: Money,
}

/// An order is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderShipped {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
    /// Who brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Under which number the carrier knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

/// An order has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderDelivered {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
}

/// An order ended before it was paid, because somebody wanted that or time ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
    /// Why, for people.
    pub reason: String,
}

/// An order ended because it could not be paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderFailed {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
    /// Why, for people.
    pub reason: String,
}

/// An order ended with all of its money going back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRefunded {
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// The number that people know it by.
    pub number: String,
    /// Who ordered.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: String,
    /// How much went back in all.
    pub amount: Money,
    /// Why, for people.
    pub reason: String,
}

event!(OrderPlaced, order_id, "shop.orders.order_placed", 1);
event!(
    PaymentRequested,
    order_id,
    "shop.orders.payment_requested",
    1
);
event!(
    PaymentCancelRequested,
    order_id,
    "shop.orders.payment_cancel_requested",
    1
);
event!(RefundRequested, order_id, "shop.orders.refund_requested", 1);
event!(
    StockCommitRequested,
    order_id,
    "shop.orders.stock_commit_requested",
    1
);
event!(
    StockReleaseRequested,
    order_id,
    "shop.orders.stock_release_requested",
    1
);
event!(OrderPaid, order_id, "shop.orders.order_paid", 1);
event!(OrderShipped, order_id, "shop.orders.order_shipped", 1);
event!(OrderDelivered, order_id, "shop.orders.order_delivered", 1);
event!(OrderCancelled, order_id, "shop.orders.order_cancelled", 1);
event!(OrderFailed, order_id, "shop.orders.order_failed", 1);
event!(OrderRefunded, order_id, "shop.orders.order_refunded", 1);
