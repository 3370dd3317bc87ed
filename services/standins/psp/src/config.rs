//! Every variable that the simulator reads, parsed before a port is bound.

use std::net::SocketAddr;

use chassis::{LogConfig, Secret, database};
use clap::{Args, Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;

/// A payment provider that speaks Stripe's protocol, moves no money, and fails on request.
#[derive(Debug, Parser)]
#[command(name = "psp", version)]
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
    /// Serve until told to end (what happens without a subcommand).
    Serve(ServeConfig),
    /// Bring the database's schema up to date.
    Migrate(DatabaseConfig),
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "PSP_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// File with the key that clients authenticate with.
    #[arg(long, env = "PSP_API_KEY_FILE")]
    pub api_key_file: Secret,
    #[command(flatten)]
    pub webhooks: WebhookConfig,
    /// Share of the payments with a method that is not one of Stripe's test methods which is declined, 0 to 1. The
    /// knob `declineRate` changes it while the simulator runs.
    #[arg(long, env = "PSP_DECLINE_RATE", default_value = "0.3", value_parser = share)]
    pub decline_rate: f64,
    /// What chance is derived from: the same seed declines the same idempotency keys.
    #[arg(long, env = "PSP_SEED", default_value_t = 0)]
    pub seed: u64,
}

/// Whom events are told.
#[derive(Debug, Clone, Args)]
pub struct WebhookConfig {
    /// Address that each event is posted to: `http://host:port/path`. Without it, events are only listed.
    #[arg(long, env = "PSP_WEBHOOK_URL", requires = "webhook_secret_file", value_parser = address)]
    pub webhook_url: Option<String>,
    /// File with the secret that events are signed with.
    #[arg(long, env = "PSP_WEBHOOK_SECRET_FILE")]
    pub webhook_secret_file: Option<Secret>,
}

/// The simulator's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://psp@host:5432/psp`.
    #[arg(long, env = "PSP_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "PSP_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "psp",
        )
    }
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is not a number"))?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{value} is not between 0 and 1"))
    }
}

fn address(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(text.to_owned())
    } else {
        Err(format!("{}: is neither http nor https", url.scheme()))
    }
}
