//! Background jobs of the cart service.

pub(crate) mod forget_expired;
