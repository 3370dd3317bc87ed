//! What the simulator counts beside what every service counts.

use chassis::metrics::Family;

/// The simulator's own families.
pub const CATALOGUE: &[&Family] = &[&FAULTS, &WEBHOOKS];

/// Faults that happened.
pub(crate) const FAULTS: Family = Family::counter(
    "psp_faults_total",
    &["fault"],
    "Faults on request that really happened.",
);
/// Attempts to tell an event.
pub(crate) const WEBHOOKS: Family = Family::counter(
    "psp_webhooks_total",
    &["outcome"],
    "Attempts to deliver an event, by what came of them.",
);
