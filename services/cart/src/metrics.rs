//! What the cart service counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use prometheus::IntCounterVec;

/// The service's own families.
pub const CATALOGUE: &[&Family] = &[&CARTS];

/// What happened to carts.
pub const CARTS: Family = Family::counter(
    "shop_carts_total",
    &["event"],
    "What happened to carts: created, item_added, quantity_set, item_removed, emptied, merged, forgotten.",
);

/// Something that happened to a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CartEvent {
    Created,
    ItemAdded,
    QuantitySet,
    ItemRemoved,
    Emptied,
    Merged,
    Forgotten,
}

impl CartEvent {
    const ALL: [Self; 7] = [
        Self::Created,
        Self::ItemAdded,
        Self::QuantitySet,
        Self::ItemRemoved,
        Self::Emptied,
        Self::Merged,
        Self::Forgotten,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::ItemAdded => "item_added",
            Self::QuantitySet => "quantity_set",
            Self::ItemRemoved => "item_removed",
            Self::Emptied => "emptied",
            Self::Merged => "merged",
            Self::Forgotten => "forgotten",
        }
    }
}

/// The service's own metrics.
#[derive(Clone)]
pub(crate) struct CartMetrics {
    carts: IntCounterVec,
}

impl CartMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let carts = metrics.counter(&CARTS);
        for event in CartEvent::ALL {
            carts.with_label_values(&[event.label()]);
        }
        Self { carts }
    }

    /// It happened to one cart.
    pub(crate) fn count(&self, event: CartEvent) {
        self.count_many(event, 1);
    }

    /// It happened to so many carts.
    pub(crate) fn count_many(&self, event: CartEvent, carts: u64) {
        self.carts.with_label_values(&[event.label()]).inc_by(carts);
    }
}
