//! Puts the service together: database, broker, keys, pictures, workers, routes.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::{Router, extract::FromRef};
use chassis::{
    Broker, Database, Process, api_docs,
    auth::{TokenRules, Verifier},
    health::{Need, Readiness},
    metrics::HttpMetrics,
    outbox::{Relay, RelayConfig},
    server,
    worker::{Wake, Workers},
};
use tokio::net::TcpListener;

use crate::{
    config::ServeConfig,
    events,
    facets::{self, Facets},
    http,
    listing::{self, Found},
    memory::Memory,
    metrics::CatalogMetrics,
    pictures::Pictures,
};

/// How often the outbox is looked at when nobody says that there is something in it.
const OUTBOX_POLL: Duration = Duration::from_millis(200);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) listings: Memory<Found>,
    pub(crate) facets: Memory<Facets>,
    pub(crate) pictures: Pictures,
    pub(crate) metrics: CatalogMetrics,
    outbox: Wake,
}

impl State {
    /// To be called after the commit of a change: sends its event, and forgets the numbers that it made wrong.
    pub(crate) fn changed(&self) {
        self.outbox.wake();
        self.listings.forget();
        self.facets.forget();
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// The service with its address taken, ready to serve.
pub struct App {
    process: Process,
    listener: TcpListener,
    router: Router,
    workers: Workers,
    database: Database,
}

impl App {
    /// Connects lazily to everything: the service starts, and says that it is not ready, without its database.
    pub async fn new(config: &ServeConfig, process: &Process) -> anyhow::Result<Self> {
        let listener = server::bind(config.listen).await?;
        let options = config.database.options()?;
        let database = Database::new(options.clone(), &process.metrics);
        let broker = Broker::connect(&config.broker.nats_url, process.service).await?;
        let rules = TokenRules {
            issuer: config.token_issuer.clone(),
            audience: config.token_audience.clone(),
        };
        let state = State {
            database: database.clone(),
            verifier: Verifier::new(config.jwks.clone(), &rules, &process.metrics),
            listings: listing::memory(),
            facets: facets::memory(),
            pictures: Pictures::new(&config.pictures, &config.public_image_prefix),
            metrics: CatalogMetrics::new(&process.metrics),
            outbox: Wake::default(),
        };
        let workers = Workers::new(&process.metrics);
        let relay = RelayConfig {
            service: process.service,
            stream: events::STREAM,
            database: options,
            broker: broker.clone(),
        };
        workers.start(
            Relay::new(relay, &process.metrics),
            state.outbox.clone(),
            OUTBOX_POLL,
        );
        let router = router(state, process, readiness(process, &database, broker));
        Ok(Self {
            process: process.clone(),
            listener,
            router,
            workers,
            database,
        })
    }

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

fn router(state: State, process: &Process, readiness: Readiness) -> Router {
    let metrics = HttpMetrics::new(&process.metrics);
    let document = http::openapi();
    api_docs::expect_operations(&document, &metrics);
    let routes = http::routes()
        .merge(api_docs::routes(&document))
        .with_state(state);
    server::router(routes, process, readiness, metrics)
}

/// The shop can be browsed without the broker: events wait in the outbox.
fn readiness(process: &Process, database: &Database, broker: Broker) -> Readiness {
    let database = database.clone();
    Readiness::new(process.shutdown.clone())
        .check("database", Need::Required, move || {
            let database = database.clone();
            async move { database.check().await }
        })
        .check("broker", Need::Optional, move || {
            let broker = broker.clone();
            async move { broker.check() }
        })
}
