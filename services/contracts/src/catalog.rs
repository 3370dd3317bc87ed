//! What the catalogue tells other services: the facts that orders, stock and search need of a product, and no more.

use serde::{Deserialize, Serialize};

use crate::{Money, ProductId, VariantId, VendorId, event::event};

/// One buyable form of a product, with the price that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Which one.
    pub variant_id: VariantId,
    /// The stock keeping unit, unique in the shop.
    pub sku: String,
    /// What distinguishes it, such as `Matt black`.
    pub name: String,
    /// What it costs.
    pub price: Money,
}

/// A product came into the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductCreated {
    /// Which one.
    pub product_id: ProductId,
    /// The product's version, 1 here.
    pub version: i64,
    /// Who sells it.
    pub vendor_id: VendorId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name on the page.
    pub name: String,
    /// The slug of its category.
    pub category: String,
    /// What it costs where no variant says otherwise.
    pub price: Money,
    /// Its buyable forms, at least one.
    pub variants: Vec<Variant>,
}

/// A product's facts changed; this is all of them, so that a consumer need not have seen the earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductUpdated {
    /// Which one.
    pub product_id: ProductId,
    /// The product's version after the change.
    pub version: i64,
    /// Who sells it.
    pub vendor_id: VendorId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name on the page.
    pub name: String,
    /// The slug of its category.
    pub category: String,
    /// What it costs where no variant says otherwise.
    pub price: Money,
    /// Its buyable forms, at least one.
    pub variants: Vec<Variant>,
}

/// A product can no longer be bought; orders that hold it are not touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductArchived {
    /// Which one.
    pub product_id: ProductId,
    /// The product's version after the change.
    pub version: i64,
}

event!(
    ProductCreated,
    product_id,
    "shop.catalog.product_created",
    1
);
event!(
    ProductUpdated,
    product_id,
    "shop.catalog.product_updated",
    1
);
event!(
    ProductArchived,
    product_id,
    "shop.catalog.product_archived",
    1
);
