//! What may become of a payment, as values and functions without I/O.

pub(crate) mod method;
pub(crate) mod pauses;
pub(crate) mod payment;
pub(crate) mod refund;

use contracts::{OrderId, PaymentId};
use uuid::Uuid;

/// What the ids of payments are derived with.
const PAYMENTS: Uuid = Uuid::from_u128(0x6a1f_0f5c_52b7_5b0e_9d2c_3b8e_41d7_a9c4);

/// The id of an order's payment: the same for the same order for ever, and with it the provider's idempotency keys. A
/// database that was restored from an older copy, or lost, cannot charge an order again.
pub(crate) fn payment_of(order: OrderId) -> PaymentId {
    PaymentId(Uuid::new_v5(&PAYMENTS, order.0.as_bytes()))
}
