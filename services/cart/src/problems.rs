//! The problems that only the cart service has; the usual ones are in `chassis::problem`.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[&CART_FULL];

/// A line, or the cart, would grow beyond its bound.
pub const CART_FULL: Kind = Kind::new("cart-full", 409, "The cart takes no more of it");
