//! Every metric of the process: one registry, and a catalogue that is data, so that rules and dashboards can be checked
//! against it.
//!
//! A metric is made from its [`Family`] and from nothing else; a name that is not in a catalogue cannot be exposed.

mod family;
mod http;

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

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
    &CONSUMER_MESSAGES,
    &CONSUMER_DELAY,
    &BREAKER_STATE,
    &PEER_CALLS,
    &AUTH_FAILURES,
    &RATE_LIMITED,
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
/// Messages from the broker, by what came of them.
pub const CONSUMER_MESSAGES: Family = Family::counter(
    "consumer_messages_total",
    &["consumer", "outcome"],
    "Messages from the broker, by what came of them.",
);
/// Time from an event to its effect.
pub const CONSUMER_DELAY: Family = Family {
    // Fine around the goal: 99 in 100 within 0.1 s.
    buckets: &[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
    ],
    ..Family::histogram(
        "consumer_delay_seconds",
        &["consumer"],
        "Time from an event's creation to the commit of its effect.",
    )
};
/// Circuit breakers.
pub const BREAKER_STATE: Family = Family::gauge(
    "circuit_breaker_state",
    &["target"],
    "State of a circuit breaker: 0 closed, 1 half-open, 2 open.",
);
/// Calls of other services.
pub const PEER_CALLS: Family = Family::counter(
    "peer_calls_total",
    &["target", "outcome"],
    "Calls of other services, by what came of them.",
);
/// Requests whose token was refused.
pub const AUTH_FAILURES: Family = Family::counter(
    "auth_failures_total",
    &["reason"],
    "Requests whose token was refused.",
);
/// Requests that were one too many of their client.
pub const RATE_LIMITED: Family = Family::counter(
    "rate_limited_total",
    &["route"],
    "Requests that were refused because their client sent too many.",
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
    /// By name: who asks for a family that is there already, such as a second consumer, shares it.
    families: Mutex<HashMap<&'static str, Box<dyn Any + Send>>>,
    refreshes: Mutex<Vec<Refresh>>,
}

impl Metrics {
    /// A registry with what is true of every process: build and resource use.
    pub fn new(service: &'static str) -> Self {
        let metrics = Self(Arc::new(Inner {
            registry: Registry::new(),
            families: Mutex::default(),
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
        self.shared(family, || {
            IntCounterVec::new(Opts::new(family.name, family.help), family.labels)
        })
    }

    /// A metric in whole numbers that rises and falls.
    pub fn gauge(&self, family: &Family) -> IntGaugeVec {
        self.shared(family, || {
            IntGaugeVec::new(Opts::new(family.name, family.help), family.labels)
        })
    }

    /// A metric with a fraction that rises and falls.
    pub fn float_gauge(&self, family: &Family) -> GaugeVec {
        self.shared(family, || {
            GaugeVec::new(Opts::new(family.name, family.help), family.labels)
        })
    }

    /// A distribution of durations.
    pub fn histogram(&self, family: &Family) -> HistogramVec {
        self.shared(family, || {
            let options = HistogramOpts::new(family.name, family.help);
            HistogramVec::new(options.buckets(family.buckets.to_vec()), family.labels)
        })
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

    /// The family's collector: made and registered when it is first asked for.
    fn shared<C: Collector + Clone + Send + 'static>(
        &self,
        family: &Family,
        make: impl FnOnce() -> prometheus::Result<C>,
    ) -> C {
        let mut families = self
            .0
            .families
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = families.get(family.name) {
            let known = known.downcast_ref::<C>();
            return known.expect("BUG: a family has one kind").clone();
        }
        let collector = make().expect("BUG: a family's name is a valid metric name");
        self.0
            .registry
            .register(Box::new(collector.clone()))
            .expect("BUG: no two families have the same name");
        families.insert(family.name, Box::new(collector.clone()));
        collector
    }
}
