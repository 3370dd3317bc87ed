//! What makes the plan come true on a machine.

pub(crate) mod blame;
pub(crate) mod chosen;
pub(crate) mod docker;
mod gates;
pub(crate) mod graph;
pub(crate) mod host;
