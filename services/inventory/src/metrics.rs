//! What the inventory counts beside what every service counts.

use chassis::metrics::{Family, Kind, Metrics};
use prometheus::{Histogram, IntCounterVec, IntGaugeVec};

/// The inventory's own families.
pub const CATALOGUE: &[&Family] = &[
    &HOLDS,
    &HOLD_BATCH_SIZE,
    &STOCK_ANSWERS,
    &STOCK_ALERTS,
    &RESTOCKS,
    &STOCK_UNITS,
    &STOCK_SHELVES,
];

/// Holds that were asked for.
pub const HOLDS: Family = Family::counter(
    "shop_holds_total",
    &["outcome"],
    "Holds that orders asked for, by what came of them.",
);
/// How many of them were decided together.
pub const HOLD_BATCH_SIZE: Family = Family {
    name: "shop_hold_batch_size",
    kind: Kind::Histogram,
    labels: &[],
    help: "Holds that were decided in one transaction.",
    buckets: &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
};
/// What orders were told of their goods.
pub const STOCK_ANSWERS: Family = Family::counter(
    "shop_stock_answers_total",
    &["answer"],
    "What orders were told of their goods.",
);
/// Shelves that came to a graver state.
pub const STOCK_ALERTS: Family = Family::counter(
    "shop_stock_alerts_total",
    &["level"],
    "Shelves that fell to their threshold or to nothing.",
);
/// Changes by vendors and admins.
pub const RESTOCKS: Family = Family::counter(
    "shop_stock_requests_total",
    &["operation", "outcome"],
    "Restocks and adjustments by vendors and admins, by what came of them.",
);
/// Units in all.
pub const STOCK_UNITS: Family = Family::gauge(
    "shop_stock_units",
    &["state"],
    "Units on all shelves: available to be sold, or reserved.",
);
/// Shelves in all.
pub const STOCK_SHELVES: Family = Family::gauge(
    "shop_stock_shelves",
    &["level"],
    "Shelves, by how much there is left to sell.",
);

/// The inventory's own metrics.
#[derive(Clone)]
pub(crate) struct InventoryMetrics {
    pub(crate) holds: IntCounterVec,
    pub(crate) batch_size: Histogram,
    pub(crate) answers: IntCounterVec,
    pub(crate) alerts: IntCounterVec,
    pub(crate) requests: IntCounterVec,
    pub(crate) units: IntGaugeVec,
    pub(crate) shelves: IntGaugeVec,
}

impl InventoryMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let none: [&str; 0] = [];
        let own = Self {
            holds: metrics.counter(&HOLDS),
            batch_size: metrics.histogram(&HOLD_BATCH_SIZE).with_label_values(&none),
            answers: metrics.counter(&STOCK_ANSWERS),
            alerts: metrics.counter(&STOCK_ALERTS),
            requests: metrics.counter(&RESTOCKS),
            units: metrics.gauge(&STOCK_UNITS),
            shelves: metrics.gauge(&STOCK_SHELVES),
        };
        for outcome in [
            "held", "repeated", "short", "ended", "differs", "failed", "refused",
        ] {
            own.holds.with_label_values(&[outcome]);
        }
        for answer in ["committed", "commit_failed", "released", "expired"] {
            own.answers.with_label_values(&[answer]);
        }
        for level in ["low", "out"] {
            own.alerts.with_label_values(&[level]);
        }
        for operation in ["restock", "adjustment"] {
            for outcome in ["done", "replayed", "refused"] {
                own.requests.with_label_values(&[operation, outcome]);
            }
        }
        own
    }
}
