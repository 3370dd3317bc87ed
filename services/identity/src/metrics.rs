//! What the identity service counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use prometheus::IntCounterVec;

/// The service's own families.
pub const CATALOGUE: &[&Family] = &[&REGISTRATIONS, &LOGINS, &REFRESHES, &RESETS];

/// Registrations.
pub const REGISTRATIONS: Family = Family::counter(
    "shop_registrations_total",
    &["outcome"],
    "Registrations, by what came of them.",
);
/// Log-ins with a password.
pub const LOGINS: Family = Family::counter(
    "shop_logins_total",
    &["outcome"],
    "Log-ins with a password, by what came of them.",
);
/// Refresh tokens presented. `reused` is a used one that came back: its session was ended.
pub const REFRESHES: Family = Family::counter(
    "identity_refreshes_total",
    &["outcome"],
    "Refresh tokens presented, by what came of them.",
);
/// Forgotten passwords: asked for (`opened`, `unknown` address, `capped` because the account was sent enough mails) and set anew
/// (`done`, `altered` or `ended` codes).
pub const RESETS: Family = Family::counter(
    "identity_password_resets_total",
    &["outcome"],
    "Forgotten passwords, asked for and set anew, by what came of them.",
);

/// The service's own metrics.
#[derive(Clone)]
pub(crate) struct IdentityMetrics {
    pub(crate) registrations: IntCounterVec,
    pub(crate) logins: IntCounterVec,
    pub(crate) refreshes: IntCounterVec,
    pub(crate) resets: IntCounterVec,
}

impl IdentityMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counter = |family, outcomes: &[&str]| {
            let counter = metrics.counter(family);
            for outcome in outcomes {
                counter.with_label_values(&[outcome]);
            }
            counter
        };
        Self {
            registrations: counter(
                &REGISTRATIONS,
                &["registered", "taken", "throttled", "busy"],
            ),
            logins: counter(&LOGINS, &["succeeded", "refused", "throttled", "busy"]),
            refreshes: counter(&REFRESHES, &["rotated", "repeated", "reused", "refused"]),
            resets: counter(
                &RESETS,
                &[
                    "opened",
                    "unknown",
                    "capped",
                    "throttled",
                    "done",
                    "altered",
                    "ended",
                ],
            ),
        }
    }
}
