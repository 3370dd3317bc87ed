//! Puts the service together: database, broker, keys, the desk where holds are decided, consumers, workers, routes.

use std::time::Duration;

use axum::extract::FromRef;
use chassis::{
    App, Database, Process, RateLimiter, Service,
    auth::{InternalToken, TokenRules, Verifier},
    worker::Wake,
};

use crate::{
    catalog::Catalog,
    config::ServeConfig,
    consumers::{
        commit_stock::CommitStock, product_archived::ArchiveProduct,
        product_created::NoteCreatedProduct, product_updated::NoteUpdatedProduct,
        release_stock::ReleaseStock,
    },
    desk::Desk,
    events, holding, http,
    metrics::InventoryMetrics,
    workers::{decide_holds::DecideHolds, expire_holds::ExpireHolds, measure_stock::MeasureStock},
};

/// Batches of holds that are decided at the same time. Two keep the database busy; more would wait for each other's rows.
const DESK_WORKERS: usize = 2;
/// How often the desk is looked at when nobody says that somebody waits there.
const DESK_POLL: Duration = Duration::from_millis(100);
/// How often there may be holds whose time is over.
const EXPIRY_POLL: Duration = Duration::from_secs(1);
/// How often what there is in all is added up.
const MEASURE_POLL: Duration = Duration::from_secs(15);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) desk: Desk,
    pub(crate) catalog: Catalog,
    pub(crate) metrics: InventoryMetrics,
    /// To be woken after the commit of what made an event.
    pub(crate) outbox: Wake,
    verifier: Verifier,
    internal_token: InternalToken,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

impl FromRef<State> for InternalToken {
    fn from_ref(state: &State) -> Self {
        state.internal_token.clone()
    }
}

/// The service with its address taken, ready to serve.
pub async fn app(config: &ServeConfig, process: &Process) -> anyhow::Result<App> {
    let options = config.database.options()?;
    let service = Service::new(process, config.listen, options, &config.broker.nats_url).await?;
    let rules = TokenRules {
        issuer: config.token_issuer.clone(),
        audience: config.token_audience.clone(),
    };
    let internal_token = InternalToken::new(config.catalog.internal_token_file.clone());
    let state = State {
        database: service.database(),
        desk: Desk::default(),
        catalog: Catalog::new(
            &config.catalog.catalog_url,
            internal_token.clone(),
            &process.metrics,
        ),
        metrics: InventoryMetrics::new(&process.metrics),
        outbox: service.outbox(),
        verifier: Verifier::new(config.jwks.clone(), &rules, &process.metrics),
        internal_token,
    };
    service.publish_to(events::STREAM);
    consume(&service, &state);
    work(&service, &state);
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let admin = http::admin_routes(service.database(), state.verifier.clone());
    let routes = http::routes().with_state(state).merge(admin);
    Ok(service.app(routes, &http::openapi(), limiter))
}

fn consume(service: &Service, state: &State) {
    let (outbox, metrics) = (state.outbox.clone(), state.metrics.clone());
    service.consume(
        "ORDERS",
        CommitStock {
            outbox: outbox.clone(),
            metrics: metrics.clone(),
        },
    );
    service.consume("ORDERS", ReleaseStock { outbox, metrics });
    service.consume("CATALOG", NoteCreatedProduct);
    service.consume("CATALOG", NoteUpdatedProduct);
    service.consume("CATALOG", ArchiveProduct);
}

fn work(service: &Service, state: &State) {
    for _ in 0..DESK_WORKERS {
        let clerk = holding::Clerk {
            database: state.database.clone(),
            outbox: state.outbox.clone(),
            metrics: state.metrics.clone(),
        };
        let worker = DecideHolds::new(state.desk.clone(), clerk);
        service.work(worker, state.desk.wake(), DESK_POLL);
    }
    let expiry = ExpireHolds {
        database: state.database.clone(),
        outbox: state.outbox.clone(),
        metrics: state.metrics.clone(),
    };
    service.work(expiry, Wake::default(), EXPIRY_POLL);
    let measure = MeasureStock {
        database: state.database.clone(),
        metrics: state.metrics.clone(),
    };
    service.work(measure, Wake::default(), MEASURE_POLL);
}
