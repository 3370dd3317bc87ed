//! A charge: one attempt to move the money of an intent.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::seconds;

#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) payment_intent: String,
    pub(crate) amount: i64,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    /// `pending`, `succeeded` or `failed`.
    pub(crate) status: String,
    pub(crate) payment_method: String,
    pub(crate) method_type: String,
    pub(crate) failure_code: Option<String>,
    pub(crate) decline_code: Option<String>,
    pub(crate) failure_message: Option<String>,
    pub(crate) metadata: Value,
}

impl Charge {
    pub(crate) fn to_json(&self) -> Value {
        let succeeded = self.status == "succeeded";
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": if succeeded { self.amount } else { 0 },
            "amount_refunded": self.amount_refunded,
            "captured": succeeded,
            "created": seconds(self.created_at),
            "currency": self.currency,
            "disputed": false,
            "failure_code": self.failure_code,
            "failure_message": self.failure_message,
            "livemode": false,
            "metadata": self.metadata,
            "outcome": self.outcome(),
            "paid": self.status != "failed",
            "payment_intent": self.payment_intent,
            "payment_method": self.payment_method,
            "payment_method_details": { "type": self.method_type },
            "refunded": succeeded && self.amount_refunded == self.amount,
            "status": self.status,
        })
    }

    fn outcome(&self) -> Value {
        match &self.decline_code {
            Some(reason) => json!({
                "network_status": "declined_by_network",
                "reason": reason,
                "seller_message": "The bank did not return any further details with this decline.",
                "type": "issuer_declined",
            }),
            None => json!({
                "network_status": "approved_by_network",
                "reason": null,
                "seller_message": "Payment complete.",
                "type": "authorized",
            }),
        }
    }
}
