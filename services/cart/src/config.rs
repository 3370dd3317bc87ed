//! Every variable that the cart service reads, parsed before a port is bound.

use std::net::SocketAddr;

use chassis::{LogConfig, RateLimitConfig, Secret, auth::KeySource, database};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

/// What somebody means to buy.
#[derive(Debug, Parser)]
#[command(name = "cart", version)]
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
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "CART_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    #[command(flatten)]
    pub peers: PeerConfig,
    /// Where the token issuer publishes its keys: `file:/path/jwks.json` or `http://host/.well-known/jwks.json`.
    #[arg(long, env = "CART_JWKS")]
    pub jwks: KeySource,
    /// The issuer that a token must name.
    #[arg(long, env = "CART_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that a token must name.
    #[arg(long, env = "CART_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
}

/// The service's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://cart@host:5432/cart`.
    #[arg(long, env = "CART_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "CART_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "cart",
        )
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "CART_NATS_URL")]
    pub nats_url: String,
}

/// The services that are asked.
#[derive(Debug, Clone, Args)]
pub struct PeerConfig {
    /// Who knows products and prices: `http://host:7101`.
    #[arg(long, env = "CART_CATALOG_URL")]
    pub catalog_url: String,
    /// Who knows what is left: `http://host:7103`.
    #[arg(long, env = "CART_INVENTORY_URL")]
    pub inventory_url: String,
    /// File with the secret that services of the platform show each other.
    #[arg(long, env = "CART_INTERNAL_TOKEN_FILE")]
    pub internal_token_file: Secret,
}
