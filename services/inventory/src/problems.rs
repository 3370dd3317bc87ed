//! The problems that only the inventory has; the usual ones are in `chassis::problem`.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[
    &OUT_OF_STOCK,
    &HOLD_ENDED,
    &HOLD_DIFFERS,
    &STOCK_RESERVED,
    &PRODUCT_ARCHIVED,
];

/// There is not enough of something.
pub const OUT_OF_STOCK: Kind = Kind::new("out-of-stock", 409, "There is not enough in stock");
/// The order's hold was released or has expired.
pub const HOLD_ENDED: Kind =
    Kind::new("hold-ended", 409, "Nothing is held for this order any more");
/// The order's hold is for other goods.
pub const HOLD_DIFFERS: Kind =
    Kind::new("hold-differs", 409, "Other goods are held for this order");
/// More is reserved than would be left.
pub const STOCK_RESERVED: Kind = Kind::new(
    "stock-reserved",
    409,
    "The stock would not cover what is on it",
);
/// Nothing more is sold of this product.
pub const PRODUCT_ARCHIVED: Kind =
    Kind::new("product-archived", 409, "The product is not sold any more");
