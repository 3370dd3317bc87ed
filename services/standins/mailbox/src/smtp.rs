//! The SMTP side: what a client may say ([`session`]), and the connections on which it says it ([`connection`]).

mod authentication;
mod connection;
mod input;
mod reply;
mod session;

pub(crate) use connection::{Shared, listen};
pub(crate) use session::{Envelope, Limits};
