//! Who is asking: bearer tokens signed with EdDSA and verified with the issuer's published keys.
//!
//! A service trusts no header that the edge might have set; it verifies every token itself, and knows within a second
//! when the issuer has ended the session that a token belongs to.

mod cookie;
mod internal;
mod jwks;
mod origin;
mod principal;
mod revocations;
mod verifier;
mod who;

pub use cookie::{ACCESS_COOKIE, cookie};
pub use internal::{InternalCaller, InternalToken};
pub use jwks::{KeySource, KeySourceError};
pub use origin::Origin;
pub use principal::{Admin, Caller, Principal, Role, Vendor};
pub use revocations::RevocationList;
pub use verifier::{TokenRules, Verifier};
pub use who::{ADMINS, ANYBODY, OWNER_ONLY, OWNERS, SIGNED_IN, VENDORS, Who};
