//! The services that the cart asks: what products are, and how many of them are left.

pub(crate) mod catalog;
pub(crate) mod inventory;

use std::{fmt::Display, time::Duration};

/// How long a call may take. A shopper waits for it, and the cart answers without it too.
const TIMEOUT: Duration = Duration::from_secs(2);

/// `path?parameter=a&parameter=b`, for ids, which need no encoding.
fn with_query<I: Display>(path: &str, parameter: &str, ids: &[I]) -> String {
    let pairs: Vec<String> = ids.iter().map(|id| format!("{parameter}={id}")).collect();
    format!("{path}?{}", pairs.join("&"))
}
