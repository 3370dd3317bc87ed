//! Puts the simulator together: database, knobs, workers, routes.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use chassis::{
    Database, Process, Secret,
    health::{Need, Readiness},
    metrics::HttpMetrics,
    server,
    worker::{Wake, Workers},
};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::{
    config::ServeConfig,
    connection,
    execution::Claims,
    faults::Faults,
    http,
    knobs::Knobs,
    workers::{DeliverWebhooks, ForgetKeys, SettlePayments},
};

/// How often workers look for what has become due.
const POLL: Duration = Duration::from_millis(100);
const FORGET_POLL: Duration = Duration::from_mins(1);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) faults: Faults,
    pub(crate) claims: Claims,
    pub(crate) api_key: Secret,
    pub(crate) webhooks_configured: bool,
    /// To be woken after the commit of an event.
    pub(crate) wake: Wake,
    /// Operations, which go on when their client hangs up.
    pub(crate) tasks: TaskTracker,
}

/// The simulator with its address taken, ready to serve.
pub struct App {
    process: Process,
    listener: TcpListener,
    router: axum::Router,
    workers: Workers,
    state: State,
}

impl App {
    /// Connects lazily: the simulator starts, and says that it is not ready, without its database.
    pub async fn new(config: &ServeConfig, process: &Process) -> anyhow::Result<Self> {
        let listener = server::bind(config.listen).await?;
        let database = Database::new(config.database.options()?, &process.metrics);
        let configured = Knobs::configured(config.decline_rate, config.seed);
        let webhook = config
            .webhooks
            .webhook_url
            .clone()
            .zip(config.webhooks.webhook_secret_file.clone());
        let state = State {
            faults: Faults::new(configured, database.clone(), &process.metrics),
            database,
            claims: Claims::default(),
            api_key: config.api_key_file.clone(),
            webhooks_configured: webhook.is_some(),
            wake: Wake::default(),
            tasks: TaskTracker::new(),
        };
        let workers = Workers::new(&process.metrics);
        if let Some((url, secret)) = webhook {
            let worker = DeliverWebhooks::new(state.clone(), url, secret, &process.metrics);
            workers.start(worker, state.wake.clone(), POLL);
        }
        workers.start(SettlePayments(state.clone()), Wake::default(), POLL);
        workers.start(ForgetKeys(state.clone()), Wake::default(), FORGET_POLL);
        let router = server::router(
            http::routes(state.clone()),
            process,
            readiness(process, &state.database),
            HttpMetrics::new(&process.metrics),
        );
        Ok(Self {
            process: process.clone(),
            listener,
            router,
            workers,
            state,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener
            .local_addr()
            .context("the listener has no address")
    }

    /// Serves until the process is asked to end; then finishes what it has begun.
    pub async fn serve(self) -> anyhow::Result<()> {
        connection::serve(self.listener, self.router, &self.process).await?;
        self.state.tasks.close();
        self.state.tasks.wait().await;
        self.workers.stop().await;
        self.state.database.pool().close().await;
        Ok(())
    }
}

fn readiness(process: &Process, database: &Database) -> Readiness {
    let database = database.clone();
    Readiness::new(process.shutdown.clone()).check("database", Need::Required, move || {
        let database = database.clone();
        async move { database.check().await }
    })
}
