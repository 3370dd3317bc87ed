//! SQL, one statement per function, checked against the migrations when it is compiled.

pub(crate) mod charges;
pub(crate) mod deliveries;
pub(crate) mod events;
pub(crate) mod fault_counts;
pub(crate) mod idempotency_keys;
pub(crate) mod intents;
pub(crate) mod knobs;
pub(crate) mod ledger;
pub(crate) mod refunds;
pub(crate) mod simulator;

use chrono::{DateTime, Utc};

/// What a page of a list is to show, newest first.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// One more than is shown, so that it is known whether there are more.
    pub(crate) rows: i64,
    /// Only those before this position.
    pub(crate) before: Option<i64>,
    pub(crate) created_from: Option<DateTime<Utc>>,
    pub(crate) created_until: Option<DateTime<Utc>>,
}
