//! What the catalogue offers: a buyable form of a product, with the price that counts.

use std::collections::HashMap;

use contracts::{Money, ProductId, VariantId, VendorId};
use serde::Deserialize;

/// A buyable form of a product, as the catalogue describes it to other services.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offer {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) vendor_id: VendorId,
    pub(crate) sku: String,
    pub(crate) slug: String,
    pub(crate) product_name: String,
    pub(crate) variant_name: String,
    pub(crate) price: Money,
    pub(crate) picture: Option<String>,
    pub(crate) is_archived: bool,
}

impl Offer {
    /// What an order's line calls it.
    pub(crate) fn name(&self) -> String {
        if self.variant_name.is_empty() || self.variant_name == self.product_name {
            self.product_name.clone()
        } else {
            format!("{}, {}", self.product_name, self.variant_name)
        }
    }
}

/// The buyable forms of each product in page order; products that do not exist are absent.
pub(crate) type Offers = HashMap<ProductId, std::sync::Arc<[Offer]>>;
