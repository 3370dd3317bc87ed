//! What payments tells others: what became of a payment. Only payments says so; a time-out elsewhere never does.

use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, PaymentId, RefundId, event::event};

/// A payment is being made: from now on it may be charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentStarted {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The payment's version after it.
    pub version: i64,
    /// For which order.
    pub order_id: OrderId,
}

/// The money is ours. Said once for each payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCaptured {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The payment's version after it.
    pub version: i64,
    /// For which order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// Who took it, such as `stripe`.
    pub provider: String,
    /// What it is called there.
    pub provider_reference: String,
}

/// A payment was declined for the last time; nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentDeclined {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The payment's version after it.
    pub version: i64,
    /// For which order.
    pub order_id: OrderId,
    /// The provider's reason, such as `insufficient_funds`.
    pub code: String,
    /// How often it was tried.
    pub attempts: i32,
}

/// A payment will not be made; nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelled {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The payment's version after it.
    pub version: i64,
    /// For which order.
    pub order_id: OrderId,
}

/// Money went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRefunded {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The payment's version after it.
    pub version: i64,
    /// For which order.
    pub order_id: OrderId,
    /// By which refund.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Money,
    /// How much of this payment went back in all.
    pub refunded_total: Money,
}

/// Money could not be given back; somebody has to look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundFailed {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The payment's version after it.
    pub version: i64,
    /// For which order.
    pub order_id: OrderId,
    /// By which refund.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Money,
    /// Why, for people.
    pub reason: String,
}

event!(
    PaymentStarted,
    payment_id,
    "shop.payments.payment_started",
    1
);
event!(
    PaymentCaptured,
    payment_id,
    "shop.payments.payment_captured",
    1
);
event!(
    PaymentDeclined,
    payment_id,
    "shop.payments.payment_declined",
    1
);
event!(
    PaymentCancelled,
    payment_id,
    "shop.payments.payment_cancelled",
    1
);
event!(
    PaymentRefunded,
    payment_id,
    "shop.payments.payment_refunded",
    1
);
event!(RefundFailed, payment_id, "shop.payments.refund_failed", 1);
