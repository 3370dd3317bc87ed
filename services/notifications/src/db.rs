//! Every SQL statement of the notifications service, one file per aggregate.

pub(crate) mod live_updates;
pub(crate) mod mails;
pub(crate) mod mails_read;
pub(crate) mod messages;
pub(crate) mod orders;
pub(crate) mod recipients;
