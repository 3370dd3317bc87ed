//! Who is asking: bearer tokens signed with EdDSA and verified with the issuer's published keys.
//!
//! A service trusts no header that the edge might have set; it verifies every token itself.

mod jwks;
mod principal;
mod verifier;

pub use jwks::{KeySource, KeySourceError};
pub use principal::{Admin, Principal, Role, Vendor};
pub use verifier::{TokenRules, Verifier};
