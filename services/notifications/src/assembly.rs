//! Puts the service together: consumers, mail, open pages, routes; and takes it apart so that nobody is cut off.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::FromRef;
use chassis::{
    Database, Process, RateLimiter, Service,
    auth::{TokenRules, Verifier},
    breaker::Breaker,
    worker::Wake,
};

use contracts::ResetKey;

use crate::{
    config::{MailConfig, ServeConfig, SocketConfig},
    consumers::{self, Desk},
    http,
    live::{Announcer, Hub, Times},
    metrics::NotificationMetrics,
    rendering::Renderer,
    smtp::{Sender, Smtp},
    workers::{
        end_sessions::EndSessions,
        forget_old::ForgetOld,
        hear_hints::HearHints,
        send_hints::SendHints,
        send_mails::{SendMails, Settings},
        watch_positions::WatchPositions,
    },
};

/// How often mails are looked for that nobody told of: retries, and those of a process that died.
const MAIL_POLL: Duration = Duration::from_millis(250);
/// How often the table is looked at for hints that were lost.
const POSITION_POLL: Duration = Duration::from_secs(1);
/// How often open sockets' sessions are compared with those that have ended.
const SESSION_POLL: Duration = Duration::from_millis(400);
/// How often something is looked for that can be forgotten.
const FORGET_POLL: Duration = Duration::from_mins(10);
/// Between two tries to listen to the other replicas.
const HINT_POLL: Duration = Duration::from_millis(200);
/// How long pages get to take their leave at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// What every handler can use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) verifier: Verifier,
    pub(crate) hub: Hub,
    pub(crate) times: Times,
    /// Sends mails.
    pub(crate) mails: Wake,
    /// Who writes, and is written to.
    pub(crate) shop: Sender,
    pub(crate) metrics: NotificationMetrics,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// The service with its address taken, ready to serve.
pub struct App {
    inner: chassis::App,
    hub: Hub,
    smtp: Smtp,
}

impl App {
    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.inner.address()
    }

    /// Serves until the process is asked to end; then takes leave of every open page.
    pub async fn serve(self) -> anyhow::Result<()> {
        self.inner.serve().await?;
        let tasks = self.hub.tasks();
        tasks.close();
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::warn!(sockets = tasks.len(), "pages were still open at the end");
        }
        self.smtp.close().await;
        Ok(())
    }
}

/// Puts the service together.
pub async fn app(config: &ServeConfig, process: &Process) -> anyhow::Result<App> {
    let options = config.database.options()?;
    let service = Service::new(process, config.listen, options, &config.broker.nats_url).await?;
    let metrics = NotificationMetrics::new(&process.metrics);
    let rules = TokenRules {
        issuer: config.tokens.token_issuer.clone(),
        audience: config.tokens.token_audience.clone(),
    };
    let verifier = Verifier::new(config.tokens.jwks.clone(), &rules, &process.metrics);
    let bounds = bounds(&config.sockets)?;
    let hub = Hub::new(bounds, process.shutdown.clone(), metrics.clone());
    let announcer = live_updates(&service, process, &hub, &verifier);
    let mails = Wake::default();
    let smtp = Smtp::new(&config.mail)?;
    mailing(&service, process, config, (&smtp, &mails, &metrics))?;
    let desk = Desk {
        domain: config.mail.mail_from.domain().into(),
        mails: mails.clone(),
        announcer,
        metrics: metrics.clone(),
    };
    consumers::start(&service, &desk);
    let state = State {
        database: service.database(),
        verifier,
        hub: hub.clone(),
        times: times(&config.sockets),
        mails,
        shop: config.mail.mail_from.clone(),
        metrics,
    };
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let admin = http::admin_routes(service.database(), state.verifier.clone());
    let routes = http::routes().with_state(state).merge(admin);
    let inner = service.app(routes, &http::openapi(), limiter);
    Ok(App { inner, hub, smtp })
}

/// The workers that keep open pages up to date.
fn live_updates(service: &Service, process: &Process, hub: &Hub, verifier: &Verifier) -> Announcer {
    let (announcer, hints) = Announcer::new(hub.clone());
    let hear = HearHints {
        hub: hub.clone(),
        broker: service.broker(),
        shutdown: process.shutdown.clone(),
        subscription: None,
    };
    service.work(hear, Wake::default(), HINT_POLL);
    let send = SendHints {
        hints,
        broker: service.broker(),
        shutdown: process.shutdown.clone(),
    };
    service.work(send, Wake::default(), HINT_POLL);
    let watch = WatchPositions {
        hub: hub.clone(),
        database: service.database(),
    };
    service.work(watch, Wake::default(), POSITION_POLL);
    let end = EndSessions {
        hub: hub.clone(),
        verifier: verifier.clone(),
    };
    service.work(end, Wake::default(), SESSION_POLL);
    announcer
}

/// The workers that send mails and forget them.
fn mailing(
    service: &Service,
    process: &Process,
    config: &ServeConfig,
    (smtp, wake, metrics): (&Smtp, &Wake, &NotificationMetrics),
) -> anyhow::Result<()> {
    let MailConfig {
        smtp_connections, ..
    } = config.mail;
    let reset_key = ResetKey::new(config.mail.reset_key_file.expose())?;
    let send = SendMails {
        database: service.database(),
        smtp: smtp.clone(),
        renderer: Arc::new(Renderer::new(&config.mail.public_url, reset_key)?),
        sender: config.mail.mail_from.clone(),
        breaker: Breaker::opening_for(config.mail.smtp_rest(), "smtp", &process.metrics),
        metrics: metrics.clone(),
        shutdown: process.shutdown.clone(),
        settings: Settings {
            connections: smtp_connections,
            lease: config.mail.smtp_timeout() * 2,
            retry_base: config.mail.retry_base(),
        },
        is_away: false,
    };
    service.work(send, wake.clone(), MAIL_POLL);
    let forget = ForgetOld {
        database: service.database(),
        live_days: i32::try_from(config.sockets.live_retention_days)?,
        mail_days: i32::try_from(config.mail.mail_retention_days)?,
    };
    service.work(forget, Wake::default(), FORGET_POLL);
    Ok(())
}

fn bounds(config: &SocketConfig) -> anyhow::Result<(usize, usize)> {
    Ok((
        usize::try_from(config.sockets_per_user)?,
        usize::try_from(config.sockets)?,
    ))
}

fn times(config: &SocketConfig) -> Times {
    Times {
        ping: Duration::from_millis(config.socket_ping_ms),
        idle: Duration::from_millis(config.socket_idle_ms),
        write: Duration::from_millis(config.socket_write_ms),
    }
}
