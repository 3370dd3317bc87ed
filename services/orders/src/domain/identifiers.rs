//! Ids that are derived instead of drawn, so that whoever tries again means the same thing as before.

use contracts::{OrderId, RefundId, UserId};
use uuid::Uuid;

/// UUIDv5 namespaces, drawn once.
const ORDERS: Uuid = Uuid::from_u128(0x5d0c_3b1e_8f4a_4c0b_9a6e_7d1f_2c3b_4a59);
const REFUNDS: Uuid = Uuid::from_u128(0x1f7e_62c4_03ab_4d29_b1c8_5e90_d47a_6b13);

/// What a client calls its attempt, so that it can repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(pub(crate) String);

impl IdempotencyKey {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was asked for, in 32 bytes.
pub(crate) type Fingerprint = [u8; 32];

/// The order that a request means. What is asked for is part of it: a hold at inventory that was made for another body
/// under the same key must not be taken for this one's.
pub(crate) fn order_id(user: UserId, key: &IdempotencyKey, fingerprint: &Fingerprint) -> OrderId {
    let mut name = Vec::with_capacity(16 + 32 + key.0.len());
    name.extend_from_slice(user.0.as_bytes());
    name.extend_from_slice(fingerprint);
    name.extend_from_slice(key.0.as_bytes());
    OrderId(Uuid::new_v5(&ORDERS, &name))
}

/// The refund that the saga itself asks for: there is at most one for an order.
pub(crate) fn automatic_refund(order: OrderId) -> RefundId {
    RefundId(Uuid::new_v5(&REFUNDS, order.0.as_bytes()))
}

/// The refund that somebody's request means.
pub(crate) fn asked_refund(order: OrderId, user: UserId, key: &IdempotencyKey) -> RefundId {
    let mut name = Vec::with_capacity(32 + key.0.len());
    name.extend_from_slice(order.0.as_bytes());
    name.extend_from_slice(user.0.as_bytes());
    name.extend_from_slice(key.0.as_bytes());
    RefundId(Uuid::new_v5(&REFUNDS, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey(text.to_owned())
    }

    #[test]
    fn a_retry_means_the_same_order_and_nothing_else_does() {
        let (user, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let id = order_id(user, &key("a"), &[1; 32]);
        assert_eq!(id, order_id(user, &key("a"), &[1; 32]));
        assert_ne!(id, order_id(other, &key("a"), &[1; 32]));
        assert_ne!(id, order_id(user, &key("b"), &[1; 32]));
        assert_ne!(id, order_id(user, &key("a"), &[2; 32]));
    }
}
