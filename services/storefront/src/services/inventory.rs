//! Whether something can be had right now.

use contracts::{ProductId, VariantId};
use serde::Deserialize;

use super::{Error, Service};
use crate::visit::Visit;

/// What is left of one variant.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    pub(crate) variant_id: VariantId,
    /// `inStock`, `low` or `out`.
    pub(crate) state: String,
    /// Units, 10 at most.
    pub(crate) available: i64,
}

#[derive(Debug, Deserialize)]
struct OfProduct {
    variants: Vec<Availability>,
}

/// Asks the inventory.
#[derive(Debug, Clone)]
pub(crate) struct Inventory(pub(crate) Service);

impl Inventory {
    /// What is left of each variant of a product.
    pub(crate) async fn of_product(
        &self,
        visit: &Visit,
        product: ProductId,
    ) -> Result<Vec<Availability>, Error> {
        let path = format!("/api/inventory/{product}");
        let answer: OfProduct = self.0.get(visit, &path).await?;
        Ok(answer.variants)
    }
}
