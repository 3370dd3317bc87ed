//! The problems that only the orders service answers with.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[
    &PRICE_CHANGED,
    &OUT_OF_STOCK,
    &HOLD_ENDED,
    &NOT_FOR_SALE,
    &ORDER_STATE,
    &REFUND_TOO_LARGE,
];

/// The client counted on another price.
pub const PRICE_CHANGED: Kind = Kind::new("price-changed", 409, "A price is not what was expected");
/// There is less of something than was asked for.
pub const OUT_OF_STOCK: Kind = Kind::new("out-of-stock", 409, "There is not enough in stock");
/// What was held for a request of long ago has been set free since.
pub const HOLD_ENDED: Kind =
    Kind::new("hold-ended", 409, "Nothing is held for this order any more");
/// A product can no longer be bought.
pub const NOT_FOR_SALE: Kind = Kind::new("not-for-sale", 409, "A product is not for sale any more");
/// The order is past it, or not there yet.
pub const ORDER_STATE: Kind =
    Kind::new("order-state", 409, "The order's state does not allow this");
/// More is asked back than is left.
pub const REFUND_TOO_LARGE: Kind =
    Kind::new("refund-too-large", 409, "More is asked back than is left");
