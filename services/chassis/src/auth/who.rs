//! Who may call an operation, said once: the check reads it, and so does the API's description, which states it as `x-roles`.
//!
//! An entry is a role, or what somebody is to the thing that is asked for (`owner`), or a permission (`orders:refund`).
//! Whoever has one of them may.

/// Those who may call an operation.
pub type Who = &'static [&'static str];

/// Everybody, with or without a token.
pub const ANYBODY: Who = &["anonymous", "customer", "vendor", "admin"];
/// Whoever has a valid token.
pub const SIGNED_IN: Who = &["customer", "vendor", "admin"];
/// Vendors, and admins who act in their place.
pub const VENDORS: Who = &["vendor", "admin"];
/// Admins.
pub const ADMINS: Who = &["admin"];
/// Whose the thing is, and admins. Nobody else learns of it, or only that it is not theirs.
pub const OWNERS: Who = &["owner", "admin"];
/// Whose the thing is, and nobody else.
pub const OWNER_ONLY: Who = &["owner"];
