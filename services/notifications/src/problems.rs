//! The problems that only the notifications service has; the usual ones are in `chassis::problem`.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[&MAIL_NOT_DEAD, &TOO_MANY_MESSAGES, &TOO_MANY_SOCKETS];

/// Only a mail that was given up can be sent again.
pub const MAIL_NOT_DEAD: Kind = Kind::new("mail-not-dead", 409, "The mail has not been given up");
/// The same sender has written often lately.
pub const TOO_MANY_MESSAGES: Kind = Kind::new("too-many-messages", 429, "Too many messages");
/// The same user has too many pages open.
pub const TOO_MANY_SOCKETS: Kind = Kind::new("too-many-sockets", 429, "Too many open connections");
