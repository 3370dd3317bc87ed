//! What is worth knowing of a thing in a cart.

use contracts::{Money, ProductId, VariantId};
use serde::{Deserialize, Serialize};

/// A buyable form of a product, as the catalogue tells of it and as a line keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    /// The product's name in URLs.
    pub(crate) slug: String,
    pub(crate) product_name: String,
    pub(crate) variant_name: String,
    pub(crate) price: Money,
    /// Address of a small picture.
    pub(crate) picture: Option<String>,
    /// Whether it has left the shop.
    pub(crate) is_archived: bool,
}

#[cfg(test)]
pub(super) mod tests {
    use contracts::Currency;

    use super::*;

    /// Something that costs so much.
    pub(crate) fn costing(minor: i64) -> Facts {
        Facts {
            product_id: ProductId::generate(),
            variant_id: VariantId::generate(),
            slug: "mug".to_owned(),
            product_name: "Mug".to_owned(),
            variant_name: "Blue".to_owned(),
            price: Money::from_minor(minor, Currency::Eur),
            picture: None,
            is_archived: false,
        }
    }
}
