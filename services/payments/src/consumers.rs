//! What orders asks of payments, one file per event.

mod payment_cancel_requested;
mod payment_requested;
mod refund_requested;

pub(crate) use payment_cancel_requested::PaymentCancelRequestedConsumer;
pub(crate) use payment_requested::PaymentRequestedConsumer;
pub(crate) use refund_requested::RefundRequestedConsumer;
