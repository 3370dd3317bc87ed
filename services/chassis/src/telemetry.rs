//! Logs: one JSON object per line on standard output, which is the durable record of what a process did.

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use crate::{
    config::LogConfig,
    metrics::{self, Metrics},
};

/// Starts logging for the whole process. A second call does nothing, so that tests may share a process.
pub fn install(service: &'static str, config: &LogConfig, metrics: &Metrics) {
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    let counted = LogCounter::new(metrics);
    let installed = tracing_subscriber::registry()
        .with(filter)
        .with(json)
        .with(counted)
        .try_init();
    if installed.is_ok() {
        tracing::debug!(service, "logging");
    }
}

/// Counts what is logged, so that a rise of errors is seen without reading logs.
struct LogCounter(prometheus::IntCounterVec);

impl LogCounter {
    fn new(metrics: &Metrics) -> Self {
        let counter = metrics.counter(&metrics::LOG_EVENTS);
        for level in [
            tracing::Level::ERROR,
            tracing::Level::WARN,
            tracing::Level::INFO,
        ] {
            counter.with_label_values(&[label(level)]);
        }
        Self(counter)
    }
}

impl<S: Subscriber> Layer<S> for LogCounter {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        self.0
            .with_label_values(&[label(*event.metadata().level())])
            .inc();
    }
}

fn label(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG => "debug",
        tracing::Level::TRACE => "trace",
    }
}
