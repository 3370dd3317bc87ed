//! What every service with a database and a broker is put together from, in the order in which it comes up and goes down.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

use crate::{
    Broker, Database, Process, RateLimiter, api_docs,
    broker::Stream,
    consumer::{Consumer, DeadLetterReplay, Subscription},
    health::{Need, Readiness},
    metrics::HttpMetrics,
    outbox::{Relay, RelayConfig},
    retention::Retention,
    server,
    worker::{Wake, Worker, Workers},
};

/// How often the outbox is looked at when nobody says that there is something in it.
const OUTBOX_POLL: Duration = Duration::from_millis(200);
/// How soon a subscription that failed is opened again; it doubles up to a few seconds.
const RESUBSCRIBE: Duration = Duration::from_millis(100);
/// How often dead letters are looked through for those that an operator wants replayed.
const REPLAY_POLL: Duration = Duration::from_secs(2);
/// How often old rows are removed.
const RETENTION_POLL: Duration = Duration::from_mins(10);

/// A service that is being put together.
pub struct Service {
    process: Process,
    listener: TcpListener,
    options: PgConnectOptions,
    database: Database,
    broker: Broker,
    workers: Workers,
    outbox: Wake,
    readiness: Readiness,
}

impl Service {
    /// Takes the address and connects lazily to everything else: a service starts, and says that it is not ready, without its
    /// database, and works without its broker.
    pub async fn new(
        process: &Process,
        listen: SocketAddr,
        options: PgConnectOptions,
        nats_url: &str,
    ) -> anyhow::Result<Self> {
        let listener = server::bind(listen).await?;
        let database = Database::new(options.clone(), &process.metrics);
        let broker = Broker::connect(nats_url, process.service).await?;
        let (required, optional) = (database.clone(), broker.clone());
        let readiness = Readiness::new(process.shutdown.clone())
            .check("database", Need::Required, move || {
                let database = required.clone();
                async move { database.check().await }
            })
            // Events wait in the outbox.
            .check("broker", Need::Optional, move || {
                let broker = optional.clone();
                async move { broker.check() }
            });
        let service = Self {
            process: process.clone(),
            listener,
            options,
            database,
            broker,
            workers: Workers::new(&process.metrics),
            outbox: Wake::default(),
            readiness,
        };
        service.work(
            Retention::new(service.database.clone()),
            Wake::default(),
            RETENTION_POLL,
        );
        Ok(service)
    }

    /// The service's own database.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// The broker, whether it is there at the moment or not.
    pub fn broker(&self) -> Broker {
        self.broker.clone()
    }

    /// To be woken after each commit that put an event into the outbox.
    pub fn outbox(&self) -> Wake {
        self.outbox.clone()
    }

    /// Sends the outbox to the service's stream.
    pub fn publish_to(&self, stream: Stream) {
        let relay = RelayConfig {
            service: self.process.service,
            stream,
            database: self.options.clone(),
            broker: self.broker.clone(),
        };
        let relay = Relay::new(relay, &self.process.metrics);
        self.work(relay, self.outbox.clone(), OUTBOX_POLL);
    }

    /// Handles the events of another service's stream (`ORDERS`), and its dead letters when somebody wants them replayed.
    pub fn consume<C: Consumer>(&self, stream: &'static str, consumer: C) {
        let consumer = Arc::new(consumer);
        let subscription = Subscription::new(
            Arc::clone(&consumer),
            stream,
            self.database.clone(),
            self.broker.clone(),
            self.process.shutdown.clone(),
            &self.process.metrics,
        );
        self.work(subscription, Wake::default(), RESUBSCRIBE);
        let replay = DeadLetterReplay::new(consumer, self.database.clone());
        self.work(replay, Wake::default(), REPLAY_POLL);
    }

    /// Runs a worker: at once, when woken, and at the latest every `poll`.
    pub fn work<W: Worker>(&self, worker: W, wake: Wake, poll: Duration) {
        self.workers.start(worker, wake, poll);
    }

    /// Adds something that the service depends on.
    #[must_use]
    pub fn needs(mut self, change: impl FnOnce(Readiness) -> Readiness) -> Self {
        self.readiness = change(self.readiness);
        self
    }

    /// With its routes, ready to serve. `document` describes them, `limiter` says how much one client may ask.
    pub fn app(self, routes: Router, document: &OpenApi, limiter: RateLimiter) -> App {
        let metrics = HttpMetrics::new(&self.process.metrics);
        api_docs::expect_operations(document, &metrics);
        let routes = routes.merge(api_docs::routes(document));
        limiter.expect(document.paths.paths.keys().map(String::as_str));
        let (process, readiness) = (self.process, self.readiness);
        let app = server::limited_router(routes, &process, readiness, metrics, limiter);
        App {
            process,
            listener: self.listener,
            router: app,
            workers: self.workers,
            database: self.database,
        }
    }
}

/// A service with its address taken, ready to serve.
pub struct App {
    process: Process,
    listener: TcpListener,
    router: Router,
    workers: Workers,
    database: Database,
}

impl App {
    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener
            .local_addr()
            .context("the listener has no address")
    }

    /// Serves until the process is asked to end; then answers what is in flight and lets the workers finish.
    pub async fn serve(self) -> anyhow::Result<()> {
        server::serve(self.listener, self.router, &self.process).await?;
        self.workers.stop().await;
        self.database.pool().close().await;
        Ok(())
    }
}
