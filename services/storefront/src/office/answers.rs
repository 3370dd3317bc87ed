//! What the services answer, as much of it as these pages show.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::{Money, orders::ShippingAddress};
use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Image;

/// Where a product is filed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CategoryRef {
    pub(super) slug: String,
    pub(super) name: String,
}

/// Who sells a product.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Vendor {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: Option<String>,
}

impl Vendor {
    pub(super) fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.clone())
    }
}

/// A product in the list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedProduct {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) price: Money,
    pub(super) category: CategoryRef,
    pub(super) vendor: Vendor,
    pub(super) variants: i64,
    pub(super) updated_at: DateTime<Utc>,
}

/// All of a product.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) price: Money,
    pub(super) category: CategoryRef,
    pub(super) vendor: Vendor,
    pub(super) status: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) variants: Vec<Variant>,
    pub(super) images: Vec<Image>,
    pub(super) version: i64,
    pub(super) updated_at: DateTime<Utc>,
}

impl Product {
    pub(super) fn is_active(&self) -> bool {
        self.status == "active"
    }
}

/// One buyable form of a product.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variant {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) price: Money,
    pub(super) options: BTreeMap<String, String>,
}

/// What lies of a variant in a warehouse.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shelf {
    pub(super) id: String,
    pub(super) product_id: String,
    pub(super) variant_id: String,
    pub(super) sku: String,
    pub(super) product_name: String,
    pub(super) warehouse_location: String,
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    pub(super) available: i64,
    pub(super) low_stock_threshold: i64,
    pub(super) level: String,
}

/// How a shelf came to be as it is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ledger {
    pub(super) stock: Shelf,
    pub(super) items: Vec<Movement>,
    #[serde(default)]
    pub(super) next: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Movement {
    pub(super) at: DateTime<Utc>,
    pub(super) on_hand_change: i64,
    pub(super) reserved_change: i64,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) note: Option<String>,
}

/// An order; a list says less of each.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) user_id: String,
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) total: Money,
    pub(super) items: Vec<Item>,
    #[serde(default)]
    pub(super) shipping_address: Option<ShippingAddress>,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) carrier: Option<String>,
    #[serde(default)]
    pub(super) tracking_number: Option<String>,
    #[serde(default)]
    pub(super) refunded: Option<Money>,
    #[serde(default)]
    pub(super) refunds: Vec<Refund>,
    #[serde(default)]
    pub(super) timeline: Vec<Turn>,
    pub(super) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) quantity: i64,
    pub(super) unit_price: Money,
    pub(super) total: Money,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub(super) amount: Money,
    pub(super) reason: String,
    pub(super) state: String,
    pub(super) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Turn {
    pub(super) version: i64,
    pub(super) state: String,
    pub(super) cause: String,
    pub(super) at: DateTime<Utc>,
}

/// The payment of an order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub(super) state: String,
    #[serde(default)]
    pub(super) trouble: Option<String>,
    #[serde(default, rename = "paymentMethod")]
    pub(super) method: Option<String>,
    pub(super) attempt: i64,
    #[serde(default)]
    pub(super) decline_code: Option<String>,
    #[serde(default)]
    pub(super) provider_reference: Option<String>,
}

/// A mail, without its address and content.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mail {
    pub(super) id: String,
    #[serde(default)]
    pub(super) order_id: Option<String>,
    pub(super) template: String,
    pub(super) subject: String,
    pub(super) status: String,
    pub(super) attempts: i64,
    #[serde(default)]
    pub(super) reason: Option<String>,
    pub(super) created_at: DateTime<Utc>,
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) role: String,
    pub(super) permissions: Vec<String>,
    pub(super) created_at: DateTime<Utc>,
}

impl User {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// An entry of a trail.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEntry {
    pub(super) at: DateTime<Utc>,
    pub(super) actor_id: String,
    pub(super) actor_role: String,
    pub(super) action: String,
    pub(super) subject_kind: String,
    pub(super) subject_id: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// A message that could not be handled.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeadLetter {
    pub(super) id: i64,
    pub(super) consumer: String,
    #[serde(default)]
    pub(super) event_id: Option<String>,
    pub(super) subject: String,
    pub(super) reason: String,
    pub(super) deliveries: i64,
    pub(super) state: String,
    pub(super) failed_at: DateTime<Utc>,
    #[serde(default)]
    pub(super) payload: Option<String>,
}
