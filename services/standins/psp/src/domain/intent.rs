//! A payment intent: its states, and its JSON as Stripe writes it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::seconds;

/// Stripe's statuses, those that can come up here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    Processing,
    Succeeded,
    Canceled,
}

impl Status {
    const ALL: [Self; 5] = [
        Self::RequiresPaymentMethod,
        Self::RequiresConfirmation,
        Self::Processing,
        Self::Succeeded,
        Self::Canceled,
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    pub(crate) fn may_be_confirmed(self) -> bool {
        matches!(
            self,
            Self::RequiresPaymentMethod | Self::RequiresConfirmation
        )
    }

    /// A debit under way cannot be called back.
    pub(crate) fn may_be_canceled(self) -> bool {
        self.may_be_confirmed()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) position: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) amount: i64,
    pub(crate) amount_received: i64,
    pub(crate) currency: String,
    pub(crate) status: Status,
    pub(crate) payment_method: Option<String>,
    pub(crate) payment_method_types: Vec<String>,
    pub(crate) client_secret: String,
    pub(crate) details: Value,
    pub(crate) metadata: Value,
    pub(crate) last_payment_error: Option<Value>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) canceled_at: Option<DateTime<Utc>>,
    pub(crate) cancellation_reason: Option<String>,
    pub(crate) settle_at: Option<DateTime<Utc>>,
    pub(crate) settle_decline: Option<String>,
}

impl Intent {
    pub(crate) fn to_json(&self) -> Value {
        let detail = |name: &str| self.details.get(name).cloned().unwrap_or(Value::Null);
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": 0,
            "amount_details": { "tip": {} },
            "amount_received": self.amount_received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": null,
            "canceled_at": self.canceled_at.map(seconds),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": "automatic",
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": seconds(self.created_at),
            "currency": self.currency,
            "customer": detail("customer"),
            "description": detail("description"),
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": null,
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_options": {},
            "payment_method_types": self.payment_method_types,
            "processing": null,
            "receipt_email": detail("receipt_email"),
            "review": null,
            "setup_future_usage": null,
            "shipping": null,
            "statement_descriptor": detail("statement_descriptor"),
            "statement_descriptor_suffix": detail("statement_descriptor_suffix"),
            "status": self.status.name(),
            "transfer_data": null,
            "transfer_group": null,
        })
    }
}
