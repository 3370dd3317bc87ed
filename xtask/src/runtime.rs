//! What makes the plan come true on a machine.

pub(crate) mod host;
