//! What payments says of charging.

use contracts::payments::{PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentStarted};

use super::{Heard, listener};
use crate::{domain::progress::Event, saga::Happening};

listener!(
    /// From now on it may be charged.
    Started hears PaymentStarted as "orders_payment_started", "payment_started", |event| Heard {
        order: event.order_id,
        happening: Happening::Plain(Event::PaymentStarted),
        reason: None,
    }
);

listener!(
    /// The money is ours.
    Captured hears PaymentCaptured as "orders_payment_captured", "payment_captured", |event| Heard {
        order: event.order_id,
        happening: Happening::Captured(event.amount),
        reason: None,
    }
);

listener!(
    /// It was declined for the last time.
    Declined hears PaymentDeclined as "orders_payment_declined", "payment_declined", |event| Heard {
        order: event.order_id,
        happening: Happening::Plain(Event::PaymentDeclined),
        reason: Some(format!("the payment was declined ({})", event.code)),
    }
);

listener!(
    /// It will not be made.
    Cancelled hears PaymentCancelled as "orders_payment_cancelled", "payment_cancelled", |event| Heard {
        order: event.order_id,
        happening: Happening::Plain(Event::PaymentCancelled),
        reason: None,
    }
);
