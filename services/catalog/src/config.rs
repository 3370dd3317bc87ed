//! Every variable that the catalogue reads, parsed before a port is bound.

use std::net::SocketAddr;

use chassis::{LogConfig, RateLimitConfig, Secret, auth::KeySource, database};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

/// Products, categories, prices and search.
#[derive(Debug, Parser)]
#[command(name = "catalog", version)]
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
    /// Load the demo catalogue; running it again changes nothing.
    Seed(SeedConfig),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "CATALOG_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    #[command(flatten)]
    pub pictures: PictureStoreConfig,
    /// Where the token issuer publishes its keys: `file:/path/jwks.json` or `http://host/.well-known/jwks.json`.
    #[arg(long, env = "CATALOG_JWKS")]
    pub jwks: KeySource,
    /// The issuer that a token must name.
    #[arg(long, env = "CATALOG_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that a token must name.
    #[arg(long, env = "CATALOG_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
    /// File with the secret that services of the platform show each other.
    #[arg(long, env = "CATALOG_INTERNAL_TOKEN_FILE")]
    pub internal_token_file: Secret,
    /// What the address of every picture begins with: a path below the shop's own address, or another host's address.
    #[arg(long, env = "CATALOG_PUBLIC_IMAGE_PREFIX", default_value = "/images/")]
    pub public_image_prefix: String,
}

/// The catalogue's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://catalog@host:5432/catalog`.
    #[arg(long, env = "CATALOG_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "CATALOG_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        let options = database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "catalog",
        )?;
        Ok(options.options([
            // Lets the planner see each filter's value, and drop the filters that are not set (see migrations/0002).
            ("plan_cache_mode", "force_custom_plan"),
            // How much of a word must be right for a name to be found by it. The default of 0.6 misses "kettel".
            ("pg_trgm.word_similarity_threshold", "0.45"),
            // Compiling a plan pays off for reports, not for answers of milliseconds.
            ("jit", "off"),
        ]))
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "CATALOG_NATS_URL")]
    pub nats_url: String,
}

/// The bucket with the pictures, at any S3 endpoint.
#[derive(Debug, Clone, Args)]
pub struct PictureStoreConfig {
    /// The endpoint: `http://host:9000`.
    #[arg(long, env = "CATALOG_S3_ENDPOINT")]
    pub s3_endpoint: String,
    /// Its region, as far as it has one.
    #[arg(long, env = "CATALOG_S3_REGION", default_value = "us-east-1")]
    pub s3_region: String,
    /// Whose bucket it is.
    #[arg(long, env = "CATALOG_S3_ACCESS_KEY")]
    pub s3_access_key: String,
    /// File with that account's secret key.
    #[arg(long, env = "CATALOG_S3_SECRET_KEY_FILE")]
    pub s3_secret_key_file: Secret,
    /// The bucket.
    #[arg(long, env = "CATALOG_S3_BUCKET", default_value = "product-images")]
    pub s3_bucket: String,
}

/// What `seed` needs.
#[derive(Debug, Clone, Args)]
pub struct SeedConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub pictures: PictureStoreConfig,
    /// Top the demo catalogue up with generated products to this many in all.
    #[arg(long, default_value_t = 0)]
    pub products: u32,
}
