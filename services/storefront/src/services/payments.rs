//! What can be paid with.

use serde::Deserialize;

use super::{Error, Service};
use crate::visit::Visit;

/// Something to pay with.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
}

#[derive(Debug, Deserialize)]
struct PaymentMethods {
    items: Vec<PaymentMethod>,
}

/// Asks the payments service.
#[derive(Debug, Clone)]
pub(crate) struct Payments(pub(crate) Service);

impl Payments {
    /// All methods, in the order in which to show them.
    pub(crate) async fn methods(&self, visit: &Visit) -> Result<Vec<PaymentMethod>, Error> {
        let methods: PaymentMethods = self.0.get(visit, "/api/payment-methods").await?;
        Ok(methods.items)
    }
}
