//! What happens without a request.

mod deliver_webhooks;
mod forget_keys;
mod settle_payments;
mod signature;

pub(crate) use deliver_webhooks::DeliverWebhooks;
pub(crate) use forget_keys::ForgetKeys;
pub(crate) use settle_payments::SettlePayments;
