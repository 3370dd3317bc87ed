//! What inventory tells others: what became of the goods that an order asked for, and what runs short.
//!
//! Holds are made over HTTP, so that a shopper learns at once what is sold out; what follows is told by events.

use serde::{Deserialize, Serialize};

use crate::{OrderId, ProductId, StockId, VariantId, VendorId, event::event};

/// The goods of an order have left the shelf for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockCommitted {
    /// Whose goods.
    pub order_id: OrderId,
    /// The hold's version: 1 when it was made, one more with each change.
    pub version: i64,
}

/// The goods of an order cannot be given to it: its hold had ended, and they are sold out since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockCommitFailed {
    /// Whose goods.
    pub order_id: OrderId,
    /// The hold's version.
    pub version: i64,
    /// Why, for people.
    pub reason: String,
}

/// Why goods are free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// The order asked for it.
    Released,
    /// Nobody asked for it in time.
    Expired,
}

/// The goods of an order are free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockReleased {
    /// Whose goods.
    pub order_id: OrderId,
    /// The hold's version.
    pub version: i64,
    /// Why.
    pub reason: ReleaseReason,
}

/// Stock fell to its threshold or below; told once, until it has been above it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowStock {
    /// Which stock.
    pub stock_id: StockId,
    /// The stock's version.
    pub version: i64,
    /// Of which product.
    pub product_id: ProductId,
    /// In which form.
    pub variant_id: VariantId,
    /// That form's stock keeping unit.
    pub sku: String,
    /// What people call the product.
    pub product_name: String,
    /// Where.
    pub warehouse_location: String,
    /// Units that can still be sold, at least 1.
    pub available: i64,
    /// Who sells it.
    pub vendor_id: VendorId,
}

/// Nothing is left to sell; told once, until there is something again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutOfStock {
    /// Which stock.
    pub stock_id: StockId,
    /// The stock's version.
    pub version: i64,
    /// Of which product.
    pub product_id: ProductId,
    /// In which form.
    pub variant_id: VariantId,
    /// That form's stock keeping unit.
    pub sku: String,
    /// What people call the product.
    pub product_name: String,
    /// Where.
    pub warehouse_location: String,
    /// Who sells it.
    pub vendor_id: VendorId,
}

event!(
    StockCommitted,
    order_id,
    "shop.inventory.stock_committed",
    1
);
event!(
    StockCommitFailed,
    order_id,
    "shop.inventory.stock_commit_failed",
    1
);
event!(StockReleased, order_id, "shop.inventory.stock_released", 1);
event!(LowStock, stock_id, "shop.inventory.low_stock", 1);
event!(OutOfStock, stock_id, "shop.inventory.out_of_stock", 1);
