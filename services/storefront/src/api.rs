//! The whole shop's API in one document, browsable at `/docs`. It is put together when the services are written, not when it is
//! asked for: see the README.

use serde_json::Value;

const DOCUMENT: &str = include_str!("../assets/openapi.json");

/// The document that was compiled in.
pub(crate) fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("BUG: the document is written by a program and tested")
}
