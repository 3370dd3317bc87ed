//! Events of other services that change carts.

pub(crate) mod order_placed;
