//! What orders counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use contracts::{Currency, Money};
use prometheus::{Histogram, IntCounterVec, IntGauge};

use crate::domain::order::State;

/// The service's own families.
pub const CATALOGUE: &[&Family] = &[&ORDERS, &TURNS, &VALUE, &PAID_AFTER, &STUCK, &REPEATED];

/// Requests to place an order, by what came of them.
pub const ORDERS: Family = Family::counter(
    "shop_orders_total",
    &["outcome"],
    "Requests to place an order, by what came of them.",
);
/// Turns that orders took.
pub const TURNS: Family = Family::counter(
    "shop_order_turns_total",
    &["state"],
    "Orders that came into a state.",
);
/// What was ordered.
pub const VALUE: Family = Family::counter(
    "shop_order_value_minor_units_total",
    &["currency"],
    "Totals of placed orders, in minor units.",
);
/// Time from placing an order to its being paid.
pub const PAID_AFTER: Family = Family::histogram(
    "shop_order_paid_after_seconds",
    &[],
    "Time from placing an order to its being paid.",
);
/// Orders that do not come to their end.
pub const STUCK: Family = Family::gauge(
    "shop_order_stuck",
    &[],
    "Orders that have been waiting for too long in CANCELLING.",
);
/// Requests to other services that were sent again.
pub const REPEATED: Family = Family::counter(
    "shop_order_requests_repeated_total",
    &[],
    "Requests to other services that were sent again because no answer had come.",
);

/// What can come of a request to place an order.
pub(crate) const OUTCOMES: [&str; 7] = [
    "placed",
    "replayed",
    "invalid",
    "price_changed",
    "out_of_stock",
    "conflict",
    "unavailable",
];

/// The service's own metrics.
#[derive(Clone)]
pub(crate) struct OrdersMetrics {
    orders: IntCounterVec,
    turns: IntCounterVec,
    value: IntCounterVec,
    pub(crate) paid_after: Histogram,
    pub(crate) stuck: IntGauge,
    repeated: IntCounterVec,
}

impl OrdersMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let none: [&str; 0] = [];
        let own = Self {
            orders: metrics.counter(&ORDERS),
            turns: metrics.counter(&TURNS),
            value: metrics.counter(&VALUE),
            paid_after: metrics.histogram(&PAID_AFTER).with_label_values(&none),
            stuck: metrics.gauge(&STUCK).with_label_values(&none),
            repeated: metrics.counter(&REPEATED),
        };
        for outcome in OUTCOMES {
            own.orders.with_label_values(&[outcome]);
        }
        for state in State::ALL {
            own.turns.with_label_values(&[state.name()]);
        }
        for currency in Currency::ALL {
            own.value.with_label_values(&[currency.code()]);
        }
        own.repeated.with_label_values(&none);
        own
    }

    /// Somebody asked to place an order.
    pub(crate) fn asked(&self, outcome: &'static str) {
        self.orders.with_label_values(&[outcome]).inc();
    }

    /// An order was placed.
    pub(crate) fn placed(&self, total: Money) {
        self.asked("placed");
        self.came_to(State::Pending);
        self.value
            .with_label_values(&[total.currency.code()])
            .inc_by(u64::try_from(total.minor).unwrap_or(0));
    }

    /// An order came into a state.
    pub(crate) fn came_to(&self, state: State) {
        self.turns.with_label_values(&[state.name()]).inc();
    }

    /// Requests were sent again.
    pub(crate) fn repeated(&self, number: u64) {
        let none: [&str; 0] = [];
        self.repeated.with_label_values(&none).inc_by(number);
    }
}
