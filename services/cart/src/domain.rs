//! What the cart service knows without asking anybody: bounds, merging, notices. No database, no network, no clock.

pub(crate) mod cart;
pub(crate) mod facts;
pub(crate) mod merge;
pub(crate) mod owner;
pub(crate) mod view;
