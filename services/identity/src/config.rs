//! Every variable that the identity service reads, parsed before a port is bound.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use chassis::{LogConfig, RateLimitConfig, Secret, database, rate_limit::Allowance};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

use crate::signing::Keys;

/// Accounts, log-ins and tokens.
#[derive(Debug, Parser)]
#[command(name = "identity", version)]
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
    /// Make an account with the role admin; where there is one already, change nothing.
    CreateAdmin(AdministratorConfig),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "IDENTITY_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub logins: LoginLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    #[command(flatten)]
    pub tokens: TokenConfig,
    /// File with the key that the codes in mails about forgotten passwords are made with: notifications has the same.
    #[arg(long, env = "IDENTITY_RESET_KEY_FILE")]
    pub reset_key_file: Secret,
    /// Registrations from one client address that are let through before they are slowed down.
    #[arg(
        long,
        env = "IDENTITY_REGISTRATIONS_PER_CLIENT",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub registrations_per_client: u32,
}

/// How often one client may try a password, log in or register, whether it succeeds or not. What failed slows down further tries
/// on top of that (see throttle.rs), and is remembered for longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct LoginLimitConfig {
    /// Tries a minute for long.
    #[arg(long, env = "IDENTITY_LOGINS_PER_MINUTE", default_value_t = Self::default().logins_per_minute)]
    pub logins_per_minute: NonZeroU32,
    /// Tries at once.
    #[arg(long, env = "IDENTITY_LOGIN_BURST", default_value_t = Self::default().login_burst)]
    pub login_burst: NonZeroU32,
}

impl Default for LoginLimitConfig {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("BUG: it is not zero");
        Self {
            logins_per_minute: number(20),
            login_burst: number(10),
        }
    }
}

impl LoginLimitConfig {
    pub(crate) fn allowance(self) -> Allowance {
        Allowance {
            burst: self.login_burst,
            requests: self.logins_per_minute,
            per: Duration::from_mins(1),
        }
    }
}

/// How tokens are signed and how long they live.
#[derive(Debug, Clone, Args)]
pub struct TokenConfig {
    /// File with the Ed25519 keys, 64 hexadecimal digits a line: the first one signs, all of them are published.
    #[arg(long, env = "IDENTITY_SIGNING_KEY_FILE")]
    pub signing_key_file: Keys,
    /// The issuer that tokens name.
    #[arg(long, env = "IDENTITY_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that tokens name.
    #[arg(long, env = "IDENTITY_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
    /// Seconds that an access token lives, at most 15 minutes.
    #[arg(
        long,
        env = "IDENTITY_ACCESS_LIFETIME_S",
        default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(5..=900)
    )]
    pub access_lifetime_s: u64,
    /// Days that a session lives, however often it is refreshed.
    #[arg(
        long,
        env = "IDENTITY_SESSION_LIFETIME_DAYS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=365)
    )]
    pub session_lifetime_days: u64,
}

impl TokenConfig {
    pub(crate) fn access_lifetime(&self) -> Duration {
        Duration::from_secs(self.access_lifetime_s)
    }

    pub(crate) fn session_lifetime(&self) -> Duration {
        Duration::from_secs(self.session_lifetime_days * 24 * 60 * 60)
    }
}

/// The service's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://identity@host:5432/identity`.
    #[arg(long, env = "IDENTITY_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "IDENTITY_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "identity",
        )
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "IDENTITY_NATS_URL")]
    pub nats_url: String,
}

/// What `create-admin` needs.
#[derive(Debug, Clone, Args)]
pub struct AdministratorConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// The account's e-mail address.
    #[arg(long)]
    pub email: String,
    /// File with the account's password.
    #[arg(long)]
    pub password_file: Secret,
}
