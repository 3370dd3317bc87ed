//! Puts the service together: database, broker, keys, peers, consumer, worker, routes.

use std::time::Duration;

use crate::{
    config::ServeConfig,
    consumers::order_placed::OrderPlacedConsumer,
    http,
    metrics::{CartEvent, CartMetrics},
    peers::{catalog::Catalog, inventory::Inventory},
    workers::forget_expired::ForgetExpired,
};
use axum::extract::FromRef;
use chassis::{
    App, Database, Process, RateLimiter, Service,
    auth::{InternalToken, TokenRules, Verifier},
    failpoint,
    worker::Wake,
};

/// Where order events come from.
const ORDERS: &str = "ORDERS";
/// How often there is something to forget.
const FORGET_POLL: Duration = Duration::from_mins(10);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) catalog: Catalog,
    pub(crate) inventory: Inventory,
    pub(crate) metrics: CartMetrics,
}

impl State {
    /// To be called when a change has been made.
    pub(crate) fn changed(&self, event: CartEvent) {
        failpoint::hit("cart.after_change");
        self.metrics.count(event);
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
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
    let peers = &config.peers;
    let token = InternalToken::new(peers.internal_token_file.clone());
    let state = State {
        database: service.database(),
        verifier: Verifier::new(config.jwks.clone(), &rules, &process.metrics),
        catalog: Catalog::new(&peers.catalog_url, token.clone(), process),
        inventory: Inventory::new(&peers.inventory_url, token, process),
        metrics: CartMetrics::new(&process.metrics),
    };
    service.consume(ORDERS, OrderPlacedConsumer);
    let forget = ForgetExpired {
        database: service.database(),
        metrics: state.metrics.clone(),
    };
    service.work(forget, Wake::default(), FORGET_POLL);
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let admin = http::admin_routes(service.database(), state.verifier.clone());
    let routes = http::routes().with_state(state).merge(admin);
    Ok(service.app(routes, &http::openapi(), limiter))
}
