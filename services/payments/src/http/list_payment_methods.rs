//! `GET /api/payment-methods`: what a shopper can pay with.

use chassis::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::method::{Method, OFFERED};

/// Everything that a shopper can pay with.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethods {
    /// In the order in which to show them.
    items: Vec<PaymentMethod>,
}

/// Something to pay with.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethod {
    /// What an order names it by.
    #[schema(example = "pm_card_visa")]
    id: &'static str,
    /// `card`, `paypal`, `klarna` or `sepa_debit`.
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    /// What becomes of a payment with this test method.
    description: &'static str,
}

impl From<&Method> for PaymentMethod {
    fn from(method: &Method) -> Self {
        Self {
            id: method.id,
            kind: method.kind,
            name: method.name,
            description: method.description,
        }
    }
}

/// List payment methods.
///
/// For everybody. They are test methods: no money moves.
#[utoipa::path(
    get,
    path = "/api/payment-methods",
    tag = "payments",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    responses((status = 200, description = "All of them", body = PaymentMethods))
)]
pub(crate) async fn list_payment_methods() -> Json<PaymentMethods> {
    let items = OFFERED.iter().map(PaymentMethod::from).collect();
    Json(PaymentMethods { items })
}
