//! Background jobs of the notifications service.

pub(crate) mod end_sessions;
pub(crate) mod forget_old;
pub(crate) mod hear_hints;
pub(crate) mod send_hints;
pub(crate) mod send_mails;
pub(crate) mod watch_positions;
