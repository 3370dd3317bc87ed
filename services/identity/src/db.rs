//! Every SQL statement of the identity service: one function each, on a connection that the caller has, inside or outside
//! a transaction that the caller began. Nothing here begins or commits.

pub(crate) mod addresses;
pub(crate) mod attempts;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod users;
