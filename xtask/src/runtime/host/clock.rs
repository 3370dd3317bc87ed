//! The wall clock, asked in one place: what it says is only ever shown, never decided upon.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

pub(super) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// RFC 3339 with milliseconds, as in every log line.
pub(super) fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
