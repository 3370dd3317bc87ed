//! The problems that only payments has; the usual ones are in `chassis::problem`.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[&INVALID_SIGNATURE, &PAYMENT_ENDED];

/// A webhook that is not from the provider, or not from now.
pub const INVALID_SIGNATURE: Kind = Kind::new(
    "invalid-signature",
    400,
    "The webhook's signature is not valid",
);
/// There is nothing to try again.
pub const PAYMENT_ENDED: Kind = Kind::new(
    "payment-ended",
    409,
    "The payment has ended and is not tried again",
);
