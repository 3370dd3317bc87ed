//! What a metric is called, labelled and for: the entries of a catalogue.

/// The bounds of OpenTelemetry's HTTP histograms, in seconds. They include the thresholds of our latency objectives.
pub const SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts observations in buckets.
    Histogram,
}

/// A metric as data.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// As Prometheus sees it.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Never a user, an order, a path or a trace.
    pub labels: &'static [&'static str],
    /// What it says, in a sentence.
    pub help: &'static str,
    /// Upper bounds in seconds; empty unless it is a histogram.
    pub buckets: &'static [f64],
}

impl Family {
    /// Something that only rises.
    pub const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            name,
            kind: Kind::Counter,
            labels,
            help,
            buckets: &[],
        }
    }

    /// Something that rises and falls.
    pub const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            name,
            kind: Kind::Gauge,
            labels,
            help,
            buckets: &[],
        }
    }

    /// Durations in the usual buckets.
    pub const fn histogram(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            name,
            kind: Kind::Histogram,
            labels,
            help,
            buckets: SECONDS,
        }
    }
}
