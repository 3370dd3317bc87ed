//! What payments counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use prometheus::{HistogramVec, IntCounterVec, IntGauge};

/// The service's own families.
pub const CATALOGUE: &[&Family] = &[
    &PAYMENTS,
    &IN_DOUBT,
    &MANUAL,
    &PROVIDER_CALLS,
    &WEBHOOKS,
    &STRAY_CHARGES,
];

/// Ends of payments and refunds.
pub const PAYMENTS: Family = Family::counter(
    "shop_payments_total",
    &["outcome"],
    "Payments and refunds, by what came of them.",
);
/// Payments of which only the provider knows what happened.
pub const IN_DOUBT: Family = Family::gauge(
    "shop_payments_in_doubt",
    &[],
    "Payments of which it is not known yet what the provider did.",
);
/// Payments and stray charges that a person has to look at.
pub const MANUAL: Family = Family::gauge(
    "shop_payment_manual",
    &[],
    "Payments that a person has to look at.",
);
/// Calls of the provider.
pub const PROVIDER_CALLS: Family = Family::histogram(
    "payments_provider_call_duration_seconds",
    &["operation", "outcome"],
    "Time that calls of the payment provider took, by what came of them.",
);
/// Webhooks of the provider.
pub const WEBHOOKS: Family = Family::counter(
    "payments_webhooks_total",
    &["outcome"],
    "Webhooks of the payment provider, by what came of them.",
);
/// Charges that nobody should have made.
pub const STRAY_CHARGES: Family = Family::counter(
    "payments_stray_charges_total",
    &["kind"],
    "Charges in the provider's books that belong to no open payment: given back, or of a payment that is not known here.",
);

/// The service's own metrics. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PaymentMetrics {
    pub(crate) outcomes: IntCounterVec,
    pub(crate) in_doubt: IntGauge,
    pub(crate) manual: IntGauge,
    pub(crate) provider_calls: HistogramVec,
    pub(crate) webhooks: IntCounterVec,
    pub(crate) stray_charges: IntCounterVec,
}

impl PaymentMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counter = |family, outcomes: &[&str]| {
            let counter = metrics.counter(family);
            for outcome in outcomes {
                counter.with_label_values(&[outcome]);
            }
            counter
        };
        let none: [&str; 0] = [];
        Self {
            outcomes: counter(
                &PAYMENTS,
                &[
                    "started",
                    "captured",
                    "declined",
                    "cancelled",
                    "refunded",
                    "refund_failed",
                    "manual",
                ],
            ),
            in_doubt: metrics.gauge(&IN_DOUBT).with_label_values(&none),
            manual: metrics.gauge(&MANUAL).with_label_values(&none),
            provider_calls: metrics.histogram(&PROVIDER_CALLS),
            webhooks: counter(&WEBHOOKS, &["applied", "repeated", "forged", "stale"]),
            stray_charges: counter(&STRAY_CHARGES, &["returned", "unknown"]),
        }
    }
}
