//! The shapes that several operations answer with.

use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, PaymentId, RefundId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::{payments, refunds},
    domain::payment::{State, Trouble},
};

pub(crate) use chassis::problem::ProblemBody;

/// Every state's name.
pub(super) const STATES: [&str; 8] = [
    "PENDING",
    "IN_DOUBT",
    "CAPTURED",
    "DECLINED",
    "CANCELLED",
    "REFUND_PENDING",
    "REFUNDED",
    "MANUAL",
];

/// The payment of an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentBody {
    id: PaymentId,
    order_id: OrderId,
    /// Who pays. Missing, like amount and method, where the cancellation came before the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// `PENDING`, `IN_DOUBT`, `CAPTURED`, `DECLINED`, `CANCELLED`, `REFUND_PENDING`, `REFUNDED` or `MANUAL`.
    state: &'static str,
    /// What a person has to look at: `UNCLEAR`, `WRONG_AMOUNT`, `BOOKS_DIFFER`, `REFUND_FAILED` or `REFUND_UNCLEAR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    /// How much went back.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method: Option<String>,
    /// From 1 to 3: another one follows a decline.
    attempt: i32,
    /// Why it was declined the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<String>,
    /// Somebody wants it cancelled; whether that was in time is not known while it is in doubt.
    cancel_requested: bool,
    /// What it is called at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_reference: Option<String>,
    refunds: Vec<RefundBody>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Money that goes back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundBody {
    id: RefundId,
    /// `PENDING`, `IN_DOUBT`, `SUCCEEDED` or `FAILED`.
    state: &'static str,
    /// Missing where a stray charge was in a currency that the shop does not price in.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    reason: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    created_at: DateTime<Utc>,
}

impl PaymentBody {
    pub(super) fn new(stored: payments::Stored, refunds: Vec<refunds::Stored>) -> Self {
        let payment = stored.payment;
        let amount = stored.request.as_ref().map(|request| request.amount);
        Self {
            id: stored.id,
            order_id: stored.order,
            user_id: stored.request.as_ref().map(|request| request.user),
            state: payment.state.name(),
            trouble: payment.state.trouble().map(Trouble::name),
            refunded: amount.map(|amount| Money::from_minor(payment.refunded, amount.currency)),
            amount,
            payment_method: stored.request.map(|request| request.method),
            attempt: payment.attempt,
            decline_code: stored
                .decline_code
                .filter(|_| payment.state != State::Captured),
            cancel_requested: payment.cancel_requested,
            provider_reference: stored.intent,
            refunds: refunds.into_iter().map(RefundBody::from).collect(),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

impl From<refunds::Stored> for RefundBody {
    fn from(refund: refunds::Stored) -> Self {
        Self {
            id: refund.id,
            state: refund.state.name(),
            amount: refund.amount().ok(),
            reason: refund.reason,
            failure: refund.failure,
            created_at: refund.created_at,
        }
    }
}
