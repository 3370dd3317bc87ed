//! Puts the service together: database, broker, keys, hashing, workers, routes.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use axum::{Router, extract::FromRef};
use chassis::{
    Broker, Database, Process, api_docs,
    auth::{KeySource, TokenRules, Verifier},
    health::{Need, Readiness},
    metrics::HttpMetrics,
    outbox::{Relay, RelayConfig},
    server,
    worker::{Wake, Workers},
};
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;

use crate::{
    config::ServeConfig, events, hashing::Hasher, http, metrics::IdentityMetrics, signing::Keys,
    workers::forget_expired::ForgetExpired,
};

/// How often the outbox is looked at when nobody says that there is something in it.
const OUTBOX_POLL: Duration = Duration::from_millis(200);
/// How often there is something to forget.
const FORGET_POLL: Duration = Duration::from_mins(10);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) keys: Keys,
    pub(crate) hasher: Hasher,
    pub(crate) metrics: IdentityMetrics,
    pub(crate) config: Arc<ServeConfig>,
    outbox: Wake,
}

impl State {
    /// To be called after the commit of what made an event.
    pub(crate) fn wake_outbox(&self) {
        self.outbox.wake();
    }

    /// The time that tokens say.
    pub(crate) fn now() -> DateTime<Utc> {
        SystemTime::now().into()
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
        let state = State {
            database: database.clone(),
            verifier: verifier(config, process)?,
            keys: config.tokens.signing_key_file.clone(),
            hasher: Hasher::new()?,
            metrics: IdentityMetrics::new(&process.metrics),
            config: Arc::new(config.clone()),
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
        workers.start(
            ForgetExpired(database.clone()),
            Wake::default(),
            FORGET_POLL,
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

/// The issuer verifies with its own keys, and looks ended sessions up where it ends them (`http::signed_in`).
fn verifier(config: &ServeConfig, process: &Process) -> anyhow::Result<Verifier> {
    let rules = TokenRules {
        issuer: config.tokens.token_issuer.clone(),
        audience: config.tokens.token_audience.clone(),
    };
    let keys = serde_json::to_string(&config.tokens.signing_key_file.published())?;
    Ok(Verifier::new(
        KeySource::Inline(keys),
        &rules,
        &process.metrics,
    ))
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

/// People can log in without the broker: events wait in the outbox.
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
