//! What Stripe's objects are, and when which of them may change: no database, no HTTP.

pub(crate) mod charge;
pub(crate) mod currency;
pub(crate) mod event;
pub(crate) mod identifier;
pub(crate) mod intent;
pub(crate) mod payment_method;
pub(crate) mod refund;
pub(crate) mod verdict;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Stripe's list object.
pub(crate) fn list(url: &str, data: &[Value], has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}

/// Stripe's timestamps are seconds.
pub(crate) fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}
