//! Every variable that payments reads, parsed before a port is bound.

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use chassis::{LogConfig, RateLimitConfig, Secret, auth::KeySource, database};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

pub use crate::domain::pauses::Pauses;

/// Charges and refunds, each exactly once.
#[derive(Debug, Parser)]
#[command(name = "payments", version)]
pub struct Cli {
    /// How much is logged.
    #[command(flatten)]
    pub log: LogConfig,
    #[command(subcommand)]
    command: Option<Command>,
}

impl Cli {
    /// What is asked for; without a subcommand, serving.
    pub(crate) fn command(self) -> Command {
        self.command
            .unwrap_or_else(|| Command::Serve(Box::new(ServeConfig::parse())))
    }
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API until told to end (what happens without a subcommand).
    Serve(Box<ServeConfig>),
    /// Bring the database's schema up to date.
    Migrate(DatabaseConfig),
    /// Create or update the event stream on the broker.
    DeclareStreams(BrokerConfig),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "PAYMENTS_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    /// Where the token issuer publishes its keys: `file:/path/jwks.json` or `http://host/.well-known/jwks.json`.
    #[arg(long, env = "PAYMENTS_JWKS")]
    pub jwks: KeySource,
    /// The issuer that a token must name.
    #[arg(long, env = "PAYMENTS_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that a token must name.
    #[arg(long, env = "PAYMENTS_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
    #[command(flatten)]
    pub provider: ProviderConfig,
    #[command(flatten)]
    pub timing: TimingConfig,
}

/// The payment provider.
#[derive(Debug, Clone, Args)]
pub struct ProviderConfig {
    /// Where it is, without a path: `http://host:7950`.
    #[arg(long = "psp-url", env = "PAYMENTS_PSP_URL", value_parser = address)]
    pub url: String,
    /// File with the key that we authenticate with.
    #[arg(long = "psp-api-key-file", env = "PAYMENTS_PSP_API_KEY_FILE")]
    pub api_key_file: Secret,
    /// File with the secret that its webhooks are signed with.
    #[arg(
        long = "psp-webhook-secret-file",
        env = "PAYMENTS_PSP_WEBHOOK_SECRET_FILE"
    )]
    pub webhook_secret_file: Secret,
    /// Milliseconds that a call may take.
    #[arg(
        long = "psp-timeout-ms",
        env = "PAYMENTS_PSP_TIMEOUT_MS",
        default_value_t = 10_000
    )]
    pub timeout_ms: u64,
    /// Calls under way at once.
    #[arg(
        long = "psp-concurrency",
        env = "PAYMENTS_PSP_CONCURRENCY",
        default_value = "16"
    )]
    pub concurrency: NonZeroUsize,
    /// Calls a second, at most; a burst of a quarter of that is let through.
    #[arg(
        long = "psp-calls-per-second",
        env = "PAYMENTS_PSP_CALLS_PER_SECOND",
        default_value = "80"
    )]
    pub calls_per_second: NonZeroU32,
    /// Milliseconds for which it is left alone after five failures in a row.
    #[arg(
        long = "psp-breaker-open-ms",
        env = "PAYMENTS_PSP_BREAKER_OPEN_MS",
        default_value_t = 30_000
    )]
    pub breaker_open_ms: u64,
}

/// How long what waits.
#[derive(Debug, Clone, Args)]
pub struct TimingConfig {
    /// Pauses in milliseconds before the same request is sent again; the last one repeats.
    #[arg(
        long,
        env = "PAYMENTS_RETRY_PAUSES_MS",
        default_value = "1000,5000,30000,120000"
    )]
    pub retry_pauses_ms: Pauses,
    /// Milliseconds between a decline and the next attempt.
    #[arg(long, env = "PAYMENTS_DECLINE_PAUSE_MS", default_value_t = 2_000)]
    pub decline_pause_ms: u64,
    /// Milliseconds that a worker has a payment to itself. Longer than a call may take.
    #[arg(long, env = "PAYMENTS_LEASE_MS", default_value_t = 30_000)]
    pub lease_ms: u64,
    /// Seconds after which a payment in doubt is only looked up and not sent again: the provider forgets keys after a day.
    #[arg(long, env = "PAYMENTS_DOUBT_LIMIT_S", default_value_t = 82_800)]
    pub doubt_limit_s: u64,
    /// Milliseconds between two comparisons of our books with the provider's.
    #[arg(long, env = "PAYMENTS_RECONCILE_EVERY_MS", default_value_t = 300_000)]
    pub reconcile_every_ms: u64,
    /// Milliseconds after which workers look for what has become due.
    #[arg(long, env = "PAYMENTS_POLL_MS", default_value_t = 200)]
    pub poll_ms: u64,
}

impl TimingConfig {
    pub(crate) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }
}

/// The service's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://payments@host:5432/payments`.
    #[arg(long, env = "PAYMENTS_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "PAYMENTS_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "payments",
        )
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "PAYMENTS_NATS_URL")]
    pub nats_url: String,
}

fn address(text: &str) -> Result<String, String> {
    match reqwest::Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.host_str().is_some() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(format!(
            "{text:?} is not an address such as http://host:7950"
        )),
    }
}
