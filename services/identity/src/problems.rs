//! The problems that only the identity service has; the usual ones are in `chassis::problem`.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[
    &EMAIL_TAKEN,
    &WRONG_CREDENTIALS,
    &SESSION_ENDED,
    &RESET_ENDED,
    &TOO_MANY_ATTEMPTS,
];

/// There is an account with this address.
pub const EMAIL_TAKEN: Kind = Kind::new("email-taken", 409, "The e-mail address is already in use");
/// Nobody has this address, or it is not their password.
pub const WRONG_CREDENTIALS: Kind = Kind::new(
    "wrong-credentials",
    401,
    "The e-mail address or the password is wrong",
);
/// The refresh token leads to no live session.
pub const SESSION_ENDED: Kind = Kind::new("session-ended", 401, "The session has ended");
/// The code for a forgotten password was used, or is too old.
pub const RESET_ENDED: Kind = Kind::new("reset-ended", 410, "The link does not count any more");
/// The same client tried too often.
pub const TOO_MANY_ATTEMPTS: Kind = Kind::new("too-many-attempts", 429, "Too many attempts");
