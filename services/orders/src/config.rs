//! Every variable that the orders service reads, parsed before a port is bound.

use std::{net::SocketAddr, time::Duration};

use chassis::{LogConfig, RateLimitConfig, Secret, auth::KeySource, database};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

use crate::domain::wish;

/// Placing orders, and seeing each through to its end.
#[derive(Debug, Parser)]
#[command(name = "orders", version)]
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
    #[arg(long, env = "ORDERS_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    #[command(flatten)]
    pub neighbours: NeighbourConfig,
    #[command(flatten)]
    pub saga: SagaConfig,
    /// Where the token issuer publishes its keys: `file:/path/jwks.json` or `http://host/.well-known/jwks.json`.
    #[arg(long, env = "ORDERS_JWKS")]
    pub jwks: KeySource,
    /// The issuer that a token must name.
    #[arg(long, env = "ORDERS_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that a token must name.
    #[arg(long, env = "ORDERS_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
}

/// The services that are asked while a request waits.
#[derive(Debug, Clone, Args)]
pub struct NeighbourConfig {
    /// File with the secret that services of the platform show each other.
    #[arg(long, env = "ORDERS_INTERNAL_TOKEN_FILE")]
    pub internal_token_file: Secret,
    /// The catalogue: `http://host:7101`.
    #[arg(long, env = "ORDERS_CATALOG_URL")]
    pub catalog_url: String,
    /// The inventory: `http://host:7103`.
    #[arg(long, env = "ORDERS_INVENTORY_URL")]
    pub inventory_url: String,
    /// The identity service, for the dashboard: `http://host:7102`.
    #[arg(long, env = "ORDERS_IDENTITY_URL")]
    pub identity_url: String,
    /// Milliseconds that prices and names are remembered.
    #[arg(
        long,
        env = "ORDERS_OFFERS_REMEMBERED_MS",
        default_value_t = 5_000,
        value_parser = clap::value_parser!(u64).range(..=60_000)
    )]
    pub offers_remembered_ms: u64,
}

/// How long an order waits for whom.
#[derive(Debug, Clone, Args)]
pub struct SagaConfig {
    /// What an order is paid with that names nothing: a card of the simulator's that is declined at its rate.
    #[arg(
        long,
        env = "ORDERS_DEFAULT_PAYMENT_METHOD",
        default_value = "pm_card",
        value_parser = payment_method
    )]
    pub default_payment_method: String,
    /// Seconds after which an order that is not paid is cancelled.
    #[arg(
        long,
        env = "ORDERS_PAYMENT_LIMIT_S",
        default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(1..=1_000)
    )]
    pub payment_limit_s: u64,
    /// Seconds after which a request to another service is repeated that has not been answered.
    #[arg(
        long,
        env = "ORDERS_REPEAT_AFTER_S",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    pub repeat_after_s: u64,
    /// Seconds in CANCELLING after which an order counts as stuck.
    #[arg(long, env = "ORDERS_STUCK_AFTER_S", default_value_t = 600)]
    pub stuck_after_s: u32,
}

fn payment_method(name: &str) -> Result<String, String> {
    wish::checked_method(name).map_err(|violation| violation.message)
}

impl SagaConfig {
    pub(crate) fn payment_limit(&self) -> Duration {
        Duration::from_secs(self.payment_limit_s)
    }
}

/// The service's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://orders@host:5432/orders`.
    #[arg(long, env = "ORDERS_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "ORDERS_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "orders",
        )
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "ORDERS_NATS_URL")]
    pub nats_url: String,
}
