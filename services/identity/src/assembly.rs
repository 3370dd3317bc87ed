//! Puts the service together: database, broker, keys, hashing, workers, routes.

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef;
use chassis::{
    App, Database, Process, RateLimiter, Service,
    auth::{KeySource, TokenRules, Verifier},
    clock,
    worker::Wake,
};
use chrono::{DateTime, Utc};
use contracts::ResetKey;

use crate::{
    config::ServeConfig, events, hashing::Hasher, http, metrics::IdentityMetrics, signing::Keys,
    workers::forget_expired::ForgetExpired,
};

/// How often there is something to forget.
const FORGET_POLL: Duration = Duration::from_mins(10);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) keys: Keys,
    /// What the codes for forgotten passwords are made with.
    pub(crate) reset_key: ResetKey,
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
        clock::now()
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
    let state = State {
        database: service.database(),
        verifier: verifier(config, process)?,
        keys: config.tokens.signing_key_file.clone(),
        reset_key: ResetKey::new(config.reset_key_file.expose())?,
        hasher: Hasher::new()?,
        metrics: IdentityMetrics::new(&process.metrics),
        config: Arc::new(config.clone()),
        outbox: service.outbox(),
    };
    service.publish_to(events::STREAM);
    service.work(
        ForgetExpired(service.database()),
        Wake::default(),
        FORGET_POLL,
    );
    let limiter = RateLimiter::new(&config.limits, &process.metrics).stricter(
        "logins",
        &http::GUESSABLE,
        config.logins.allowance(),
    );
    let admin = http::admin_routes(&state);
    let routes = http::routes().with_state(state).merge(admin);
    Ok(service.app(routes, &http::openapi(), limiter))
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
