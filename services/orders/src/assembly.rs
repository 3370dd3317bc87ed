//! Puts the service together: database, broker, neighbours, saga, consumers, workers, routes.

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef;
use chassis::{
    App, Database, Process, RateLimiter, Service,
    auth::{InternalToken, TokenRules, Verifier},
    peer::Peer,
    worker::Wake,
};
use tokio_util::sync::CancellationToken;

use crate::{
    changes::Changes,
    config::ServeConfig,
    consumers::{self, Listener},
    events,
    holds::Holds,
    http,
    metrics::OrdersMetrics,
    offers::Catalogue,
    placing::Placing,
    saga::Saga,
    workers::{look_for_changes::LookForChanges, meet_deadlines::MeetDeadlines},
};

/// How long catalogue and inventory get for an answer that a shopper waits for.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often deadlines are looked at.
const DEADLINE_POLL: Duration = Duration::from_millis(500);
/// How often other replicas' changes are looked for, while somebody waits for one.
const CHANGES_POLL: Duration = Duration::from_millis(300);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) catalogue: Catalogue,
    pub(crate) holds: Holds,
    pub(crate) identity: Peer,
    pub(crate) placing: Placing,
    pub(crate) saga: Saga,
    pub(crate) metrics: OrdersMetrics,
    /// Cancelled when the process is to end.
    pub(crate) end: CancellationToken,
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
    let state = state(config, process, &service);
    service.publish_to(events::STREAM);
    listen(&service, &state);
    service.work(
        MeetDeadlines::new(service.database(), state.saga.clone()),
        Wake::default(),
        DEADLINE_POLL,
    );
    service.work(
        LookForChanges {
            database: service.database(),
            changes: state.saga.changes.clone(),
        },
        Wake::default(),
        CHANGES_POLL,
    );
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let admin = http::admin_routes(service.database(), state.verifier.clone());
    let routes = http::routes().with_state(state).merge(admin);
    Ok(service.app(routes, &http::openapi(), limiter))
}

fn state(config: &ServeConfig, process: &Process, service: &Service) -> State {
    let rules = TokenRules {
        issuer: config.token_issuer.clone(),
        audience: config.token_audience.clone(),
    };
    let neighbours = &config.neighbours;
    let token = InternalToken::new(neighbours.internal_token_file.clone());
    let peer = |name, url: &str| Peer::new(name, url, token.clone(), ASK_TIMEOUT, &process.metrics);
    let metrics = OrdersMetrics::new(&process.metrics);
    let remembered = Duration::from_millis(neighbours.offers_remembered_ms);
    State {
        database: service.database(),
        verifier: Verifier::new(config.jwks.clone(), &rules, &process.metrics),
        catalogue: Catalogue::new(peer("catalog", &neighbours.catalog_url), remembered),
        holds: Holds(peer("inventory", &neighbours.inventory_url)),
        identity: peer("identity", &neighbours.identity_url),
        placing: Placing::new(service.database()),
        saga: Saga {
            settings: Arc::new(config.saga.clone()),
            metrics: metrics.clone(),
            changes: Changes::default(),
            outbox: service.outbox(),
        },
        metrics,
        end: process.shutdown.clone(),
    }
}

fn listen(service: &Service, state: &State) {
    let listener = || Listener::new(&state.saga);
    service.consume("PAYMENTS", consumers::Started(listener()));
    service.consume("PAYMENTS", consumers::Captured(listener()));
    service.consume("PAYMENTS", consumers::Declined(listener()));
    service.consume("PAYMENTS", consumers::Cancelled(listener()));
    service.consume("PAYMENTS", consumers::Completed(listener()));
    service.consume("PAYMENTS", consumers::Failed(listener()));
    service.consume("INVENTORY", consumers::Committed(listener()));
    service.consume("INVENTORY", consumers::CommitFailed(listener()));
    service.consume("INVENTORY", consumers::Released(listener()));
    let catalogue = &state.catalogue;
    service.consume("CATALOG", consumers::Created(catalogue.clone()));
    service.consume("CATALOG", consumers::Updated(catalogue.clone()));
    service.consume("CATALOG", consumers::Archived(catalogue.clone()));
}
