//! Every SQL statement of the orders service: one function each, on a connection that the caller has, inside or outside
//! a transaction that the caller began. Nothing here begins or commits.

pub(crate) mod deadlines;
pub(crate) mod decode;
pub(crate) mod lists;
pub(crate) mod outbox;
pub(crate) mod placing;
pub(crate) mod refunds;
pub(crate) mod turns;
pub(crate) mod views;
