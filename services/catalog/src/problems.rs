//! The problems that only the catalogue has; the usual ones are in `chassis::problem`.

use chassis::problem::Kind;

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[&SKU_TAKEN, &PICTURE_REFUSED, &TOO_MANY_PICTURES];

/// Another product is sold under this SKU.
pub const SKU_TAKEN: Kind = Kind::new("sku-taken", 409, "The SKU is already in use");
/// The upload is not a picture that we take.
pub const PICTURE_REFUSED: Kind = Kind::new("picture-refused", 422, "The picture cannot be used");
/// The product has as many pictures as it may have.
pub const TOO_MANY_PICTURES: Kind = Kind::new(
    "too-many-pictures",
    409,
    "The product has no room for another picture",
);
