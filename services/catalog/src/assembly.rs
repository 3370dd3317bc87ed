//! Puts the service together: database, broker, keys, pictures, workers, routes.

use axum::extract::FromRef;
use chassis::{
    App, Database, Process, RateLimiter, Service,
    auth::{InternalToken, TokenRules, Verifier},
    worker::Wake,
};

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

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    internal_token: InternalToken,
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
    let state = State {
        database: service.database(),
        verifier: Verifier::new(config.jwks.clone(), &rules, &process.metrics),
        internal_token: InternalToken::new(config.internal_token_file.clone()),
        listings: listing::memory(),
        facets: facets::memory(),
        pictures: Pictures::new(&config.pictures, &config.public_image_prefix),
        metrics: CatalogMetrics::new(&process.metrics),
        outbox: service.outbox(),
    };
    service.publish_to(events::STREAM);
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let admin = http::admin_routes(service.database(), state.verifier.clone());
    let routes = http::routes().with_state(state).merge(admin);
    Ok(service.app(routes, &http::openapi(), limiter))
}
