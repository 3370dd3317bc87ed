//! Puts the service together: database, broker, provider, consumers, workers, routes.

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef;
use chassis::{
    App, Database, Process, RateLimiter, Secret, Service,
    auth::{TokenRules, Verifier},
    worker::Wake,
};

use crate::{
    config::ServeConfig,
    consumers::{
        PaymentCancelRequestedConsumer, PaymentRequestedConsumer, RefundRequestedConsumer,
    },
    events, http,
    metrics::PaymentMetrics,
    provider::Provider,
    turns::Turns,
    workers::{
        ChargePayments, Desk, ForgetWebhooks, MeasurePayments, Pool, Reconcile, ReplayDeclined,
        SendRefunds,
    },
};

/// Where requests come from.
const ORDERS: &str = "ORDERS";
const MEASURE_POLL: Duration = Duration::from_secs(5);
const REPLAY_POLL: Duration = Duration::from_secs(2);
const FORGET_POLL: Duration = Duration::from_mins(10);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) turns: Turns,
    pub(crate) metrics: PaymentMetrics,
    pub(crate) webhook_secret: Secret,
    /// Wakes the worker that charges.
    pub(crate) charges: Wake,
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
    let metrics = PaymentMetrics::new(&process.metrics);
    let (charges, refunds) = (Wake::default(), Wake::default());
    let turns = Turns::new(
        service.database(),
        metrics.clone(),
        service.outbox(),
        refunds.clone(),
        Duration::from_millis(config.timing.decline_pause_ms),
    );
    service.publish_to(events::STREAM);
    consume(&service, &turns, &charges);
    let desk = Desk {
        database: service.database(),
        provider: Provider::new(
            &config.provider,
            metrics.provider_calls.clone(),
            &process.metrics,
        ),
        turns: turns.clone(),
        timing: Arc::new(config.timing.clone()),
    };
    work(
        &service,
        config,
        process,
        desk,
        &metrics,
        [&charges, &refunds],
    );
    let state = State {
        database: service.database(),
        verifier: Verifier::new(config.jwks.clone(), &rules, &process.metrics),
        turns,
        metrics,
        webhook_secret: config.provider.webhook_secret_file.clone(),
        charges,
    };
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let admin = http::admin_routes(service.database(), state.verifier.clone());
    let routes = http::routes().with_state(state).merge(admin);
    Ok(service.app(routes, &http::openapi(), limiter))
}

fn consume(service: &Service, turns: &Turns, charges: &Wake) {
    let charges = charges.clone();
    service.consume(ORDERS, PaymentRequestedConsumer { charges });
    let turns = turns.clone();
    let cancellations = PaymentCancelRequestedConsumer {
        turns: turns.clone(),
    };
    service.consume(ORDERS, cancellations);
    service.consume(ORDERS, RefundRequestedConsumer { turns });
}

fn work(
    service: &Service,
    config: &ServeConfig,
    process: &Process,
    desk: Desk,
    metrics: &PaymentMetrics,
    [charges, refunds]: [&Wake; 2],
) {
    let poll = config.timing.poll();
    let calls = || Pool::new(config.provider.concurrency.get(), process.shutdown.clone());
    let worker = ChargePayments::new(desk.clone(), calls());
    service.work(worker, charges.clone(), poll);
    let worker = SendRefunds::new(desk.clone(), calls());
    service.work(worker, refunds.clone(), poll);
    let worker = ReplayDeclined {
        database: service.database(),
        turns: desk.turns.clone(),
    };
    service.work(worker, Wake::default(), REPLAY_POLL);
    let reconcile_poll = Duration::from_millis(config.timing.reconcile_every_ms);
    let worker = Reconcile::new(desk, metrics.clone());
    service.work(worker, Wake::default(), reconcile_poll);
    let worker = MeasurePayments {
        database: service.database(),
        metrics: metrics.clone(),
    };
    service.work(worker, Wake::default(), MEASURE_POLL);
    let worker = ForgetWebhooks(service.database());
    service.work(worker, Wake::default(), FORGET_POLL);
}
