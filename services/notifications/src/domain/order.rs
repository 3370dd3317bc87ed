//! How far an order has come, as far as people are told of it.

use std::fmt;

use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, orders};
use serde::{Deserialize, Serialize};

/// The states that people hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OrderState {
    Pending,
    Paid,
    Shipped,
    Delivered,
    Cancelled,
    Failed,
    Refunded,
}

impl OrderState {
    /// As it is stored and sent.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Paid => "PAID",
            Self::Shipped => "SHIPPED",
            Self::Delivered => "DELIVERED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
            Self::Refunded => "REFUNDED",
        }
    }

    /// The `type` of the live update that says so.
    pub(crate) const fn update_type(self) -> &'static str {
        match self {
            Self::Pending => "order.placed",
            Self::Paid => "order.paid",
            Self::Shipped => "order.shipped",
            Self::Delivered => "order.delivered",
            Self::Cancelled => "order.cancelled",
            Self::Failed => "order.failed",
            Self::Refunded => "order.refunded",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What was ordered: kept for all mails of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Placed {
    pub(crate) lines: Vec<orders::Line>,
    pub(crate) total: Money,
    pub(crate) shipping_address: orders::ShippingAddress,
}

/// What an open page is told, without the id that it gets in its user's sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LiveUpdate {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) order_id: OrderId,
    pub(crate) number: String,
    pub(crate) state: OrderState,
    pub(crate) version: i64,
    pub(crate) at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_stored_as_it_is_sent() {
        for state in [
            OrderState::Pending,
            OrderState::Paid,
            OrderState::Shipped,
            OrderState::Delivered,
            OrderState::Cancelled,
            OrderState::Failed,
            OrderState::Refunded,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
