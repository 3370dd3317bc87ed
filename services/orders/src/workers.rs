//! Background jobs of the orders service.

pub(crate) mod look_for_changes;
pub(crate) mod meet_deadlines;
