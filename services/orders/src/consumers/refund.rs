//! What payments says of giving money back.

use contracts::payments::{PaymentRefunded, RefundFailed};

use super::{Heard, listener};
use crate::saga::Happening;

listener!(
    /// It went back.
    Completed hears PaymentRefunded as "orders_payment_refunded", "payment_refunded", |event| Heard {
        order: event.order_id,
        happening: Happening::RefundCompleted(event.refund_id, event.amount),
        reason: None,
    }
);

listener!(
    /// It could not be given back: somebody has to look at it.
    Failed hears RefundFailed as "orders_refund_failed", "refund_failed", |event| Heard {
        order: event.order_id,
        happening: Happening::RefundFailed(event.refund_id, event.reason.clone()),
        reason: None,
    }
);
