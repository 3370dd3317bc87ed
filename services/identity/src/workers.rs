//! Background jobs of the identity service.

pub(crate) mod forget_expired;
