//! Every metric of the process: one registry, and a catalogue that is data, so that rules and dashboards can be checked
//! against it.
//!
//! A metric is made from its [`Family`] and from nothing else; a name that is not in a catalogue cannot be exposed.

mod family;
mod http;

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{
    Encoder as _, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts,
    Registry, TEXT_FORMAT, TextEncoder, core::Collector,
};

pub use family::{Family, Kind, SECONDS};
pub use http::HttpMetrics;

/// What every service exposes. A service adds its own list of families.
pub const CATALOGUE: &[&Family] = &[
    &HTTP_SERVER_DURATION,
    &HTTP_SERVER_ACTIVE,
    &POOL_CONNECTIONS,
    &POOL_MAX,
    &POOL_PENDING,
    &POOL_WAIT,
    &OUTBOX_PENDING,
    &OUTBOX_OLDEST_AGE,
    &OUTBOX_PUBLISHED,
    &WORKER_STEPS,
    &AUTH_FAILURES,
    &LOG_EVENTS,
    &BUILD_INFO,
];

/// Time to answer a request, by route.
pub const HTTP_SERVER_DURATION: Family = Family::histogram(
    "http_server_request_duration_seconds",
    &[
        "http_request_method",
        "http_route",
        "http_response_status_code",
    ],
    "Time from a request's arrival to its answer.",
);
/// Requests being answered now.
pub const HTTP_SERVER_ACTIVE: Family = Family::gauge(
    "http_server_active_requests",
    &["http_request_method"],
    "Requests being answered now.",
);
/// Connections of the database pool, by state.
pub const POOL_CONNECTIONS: Family = Family::gauge(
    "db_client_connection_count",
    &["state"],
    "Connections of the database pool.",
);
/// The bound of the database pool.
pub const POOL_MAX: Family = Family::gauge(
    "db_client_connection_max",
    &[],
    "Most connections that the pool opens.",
);
/// Tasks that wait for a connection.
pub const POOL_PENDING: Family = Family::gauge(
    "db_client_connection_pending_requests",
    &[],
    "Tasks that wait for a connection.",
);
/// Time that tasks wait for a connection.
pub const POOL_WAIT: Family = Family::histogram(
    "db_client_connection_wait_time_seconds",
    &[],
    "Time that a task waited for a connection.",
);
/// Events that the broker does not have yet.
pub const OUTBOX_PENDING: Family = Family::gauge(
    "outbox_pending",
    &[],
    "Events not yet acknowledged by the broker.",
);
/// Age of the oldest event that the broker does not have yet.
pub const OUTBOX_OLDEST_AGE: Family = Family::gauge(
    "outbox_oldest_age_seconds",
    &[],
    "Age of the oldest event not yet acknowledged by the broker.",
);
/// Events that the broker acknowledged.
pub const OUTBOX_PUBLISHED: Family = Family::counter(
    "outbox_published_total",
    &["outcome"],
    "Events sent to the broker, by what came of it.",
);
/// Steps of background workers.
pub const WORKER_STEPS: Family = Family::counter(
    "worker_steps_total",
    &["worker", "outcome"],
    "Steps of background workers, by what came of them.",
);
/// Requests whose token was refused.
pub const AUTH_FAILURES: Family = Family::counter(
    "auth_failures_total",
    &["reason"],
    "Requests whose token was refused.",
);
/// Lines logged.
pub const LOG_EVENTS: Family =
    Family::counter("log_events_total", &["level"], "Lines logged, by level.");
/// Which build this is.
pub const BUILD_INFO: Family = Family::gauge(
    "build_info",
    &["service", "version", "revision"],
    "Which build this is; always 1.",
);

type Refresh = Box<dyn Fn() + Send + Sync>;

/// The process's registry. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    refreshes: Mutex<Vec<Refresh>>,
}

impl Metrics {
    /// A registry with what is true of every process: build and resource use.
    pub fn new(service: &'static str) -> Self {
        let metrics = Self(Arc::new(Inner {
            registry: Registry::new(),
            refreshes: Mutex::default(),
        }));
        let process = prometheus::process_collector::ProcessCollector::for_self();
        metrics
            .0
            .registry
            .register(Box::new(process))
            .expect("BUG: the registry is new");
        let revision = option_env!("ARGOSY_REVISION").unwrap_or("unknown");
        metrics
            .gauge(&BUILD_INFO)
            .with_label_values(&[service, env!("CARGO_PKG_VERSION"), revision])
            .set(1);
        metrics
    }

    /// A metric that only rises.
    pub fn counter(&self, family: &Family) -> IntCounterVec {
        let options = Opts::new(family.name, family.help);
        self.register(
            IntCounterVec::new(options, family.labels)
                .expect("BUG: a family's name is a valid metric name"),
        )
    }

    /// A metric in whole numbers that rises and falls.
    pub fn gauge(&self, family: &Family) -> IntGaugeVec {
        let options = Opts::new(family.name, family.help);
        self.register(
            IntGaugeVec::new(options, family.labels)
                .expect("BUG: a family's name is a valid metric name"),
        )
    }

    /// A metric with a fraction that rises and falls.
    pub fn float_gauge(&self, family: &Family) -> GaugeVec {
        let options = Opts::new(family.name, family.help);
        self.register(
            GaugeVec::new(options, family.labels)
                .expect("BUG: a family's name is a valid metric name"),
        )
    }

    /// A distribution of durations.
    pub fn histogram(&self, family: &Family) -> HistogramVec {
        let options = HistogramOpts::new(family.name, family.help).buckets(family.buckets.to_vec());
        self.register(
            HistogramVec::new(options, family.labels)
                .expect("BUG: a family's name is a valid metric name"),
        )
    }

    /// Runs `refresh` before each scrape: for numbers that somebody else keeps, such as the pool's.
    pub fn before_scrape(&self, refresh: impl Fn() + Send + Sync + 'static) {
        self.0
            .refreshes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(refresh));
    }

    /// The Prometheus text of every metric, with its media type.
    pub fn scrape(&self) -> (&'static str, Vec<u8>) {
        for refresh in self
            .0
            .refreshes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            refresh();
        }
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.0.registry.gather(), &mut text)
            .expect("BUG: a Vec takes every byte");
        (TEXT_FORMAT, text)
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        self.0
            .registry
            .register(Box::new(collector.clone()))
            .expect("BUG: each family is made once per process");
        collector
    }
}
