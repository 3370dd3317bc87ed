//! Puts the service together: database, broker, keys, pictures, workers, routes.

use std::time::Duration;

use axum::extract::FromRef;
use bytes::Bytes;
use chassis::{
    App, Database, Process, RateLimiter, Service,
    auth::{InternalToken, TokenRules, Verifier},
    worker::Wake,
};

use crate::{
    config::ServeConfig,
    domain::filter::Filter,
    events,
    facets::{self, Facets},
    http::{self, ListQuery, Sent},
    listing::{self, Found},
    memory::Memory,
    metrics::CatalogMetrics,
    pictures::Pictures,
};

/// How long an answer may be behind what other replicas have written. Under load nearly every answer is found here: planning
/// the statements of a page costs more than all else that is done for it.
const SENT_TTL: Duration = Duration::from_secs(1);
/// Pages that are remembered, of 5 to 60 kB each.
const MAX_PAGES: u64 = 200;
/// Products that are remembered, of 2 to 10 kB each.
const MAX_PRODUCTS: u64 = 1_000;

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    internal_token: InternalToken,
    pub(crate) listings: Memory<Filter, Found>,
    pub(crate) facets: Memory<Filter, Facets>,
    /// Pages of the list, as they are sent.
    pub(crate) pages: Memory<ListQuery, Bytes>,
    /// Products as they are sent, by what they were asked for: an id or a slug.
    pub(crate) products: Memory<String, Option<Sent>>,
    pub(crate) pictures: Pictures,
    pub(crate) metrics: CatalogMetrics,
    outbox: Wake,
}

impl State {
    /// To be called after the commit of a change: sends its event, and forgets what it made wrong.
    pub(crate) fn changed(&self) {
        self.outbox.wake();
        self.listings.forget();
        self.facets.forget();
        self.pages.forget();
        self.products.forget();
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
        pages: Memory::new(MAX_PAGES, SENT_TTL),
        products: Memory::new(MAX_PRODUCTS, SENT_TTL),
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
