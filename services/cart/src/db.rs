//! Every SQL statement of the cart service: one function each, on a connection that the caller has, inside or outside a
//! transaction that the caller began. Nothing here begins or commits.
//!
//! Whatever changes lines locks their cart's row first, in the same statement or transaction. That puts all changes of a cart
//! in a row: two at once both count, and none waits for a lock that the other one's next step needs.

pub(crate) mod carts;
pub(crate) mod lines;
