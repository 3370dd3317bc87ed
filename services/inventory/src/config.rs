//! Every variable that the inventory reads, parsed before a port is bound.

use std::net::SocketAddr;

use chassis::{LogConfig, RateLimitConfig, Secret, auth::KeySource, database};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

/// Stock, holds and what runs short.
#[derive(Debug, Parser)]
#[command(name = "inventory", version)]
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
            .unwrap_or_else(|| Command::Serve(ServeConfig::parse()))
    }
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API until told to end (what happens without a subcommand).
    Serve(ServeConfig),
    /// Bring the database's schema up to date.
    Migrate(DatabaseConfig),
    /// Create or update the event stream on the broker.
    DeclareStreams(BrokerConfig),
    /// Stock the shelves of every variant of the catalogue that has none; running it again changes nothing.
    Seed(SeedConfig),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "INVENTORY_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    #[command(flatten)]
    pub catalog: CatalogConfig,
    /// Where the token issuer publishes its keys: `file:/path/jwks.json` or `http://host/.well-known/jwks.json`.
    #[arg(long, env = "INVENTORY_JWKS")]
    pub jwks: KeySource,
    /// The issuer that a token must name.
    #[arg(long, env = "INVENTORY_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that a token must name.
    #[arg(long, env = "INVENTORY_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
}

/// The inventory's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://inventory@host:5432/inventory`.
    #[arg(long, env = "INVENTORY_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "INVENTORY_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        let options = database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "inventory",
        )?;
        // Compiling a plan pays off for reports, not for answers of milliseconds.
        Ok(options.options([("jit", "off")]))
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "INVENTORY_NATS_URL")]
    pub nats_url: String,
}

/// The catalogue, which is asked for products that no event has told of yet.
#[derive(Debug, Clone, Args)]
pub struct CatalogConfig {
    /// Where it is: `http://host:7101`.
    #[arg(long, env = "INVENTORY_CATALOG_URL")]
    pub catalog_url: String,
    /// File with the secret that services of the platform show each other.
    #[arg(long, env = "INVENTORY_INTERNAL_TOKEN_FILE")]
    pub internal_token_file: Secret,
}

/// What `seed` needs.
#[derive(Debug, Clone, Args)]
pub struct SeedConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub catalog: CatalogConfig,
}
