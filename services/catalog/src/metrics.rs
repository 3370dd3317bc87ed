//! What the catalogue counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use prometheus::IntCounterVec;

/// The catalogue's own families.
pub const CATALOGUE: &[&Family] = &[&SEARCH_QUERIES, &PICTURES_STORED];

/// Searches by words, by what came of them.
pub const SEARCH_QUERIES: Family = Family::counter(
    "shop_search_queries_total",
    &["outcome"],
    "Searches by words, by what came of them.",
);
/// Pictures that vendors uploaded.
pub const PICTURES_STORED: Family = Family::counter(
    "shop_pictures_total",
    &["outcome"],
    "Pictures that vendors uploaded, by what came of them.",
);

/// The catalogue's own metrics.
#[derive(Clone)]
pub(crate) struct CatalogMetrics {
    pub(crate) searches: IntCounterVec,
    pub(crate) pictures: IntCounterVec,
}

impl CatalogMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let own = Self {
            searches: metrics.counter(&SEARCH_QUERIES),
            pictures: metrics.counter(&PICTURES_STORED),
        };
        for outcome in ["hit", "zero", "degraded", "error"] {
            own.searches.with_label_values(&[outcome]);
        }
        for outcome in ["stored", "refused", "failed"] {
            own.pictures.with_label_values(&[outcome]);
        }
        own
    }
}
