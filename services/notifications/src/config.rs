//! Every variable that the notifications service reads, parsed before a port is bound.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chassis::{LogConfig, RateLimitConfig, Secret, auth::KeySource, database};
use clap::{Args, Parser, Subcommand, value_parser};
use sqlx::postgres::PgConnectOptions;

use crate::smtp::{Sender, Server};

/// Mails and live updates.
#[derive(Debug, Parser)]
#[command(name = "notifications", version)]
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
    /// Write every mail with sample content into a folder, as HTML and as text: to look at them.
    Preview(PreviewConfig),
}

/// What `preview` needs.
#[derive(Debug, Clone, Args)]
pub struct PreviewConfig {
    /// The folder; it is created when missing.
    pub folder: PathBuf,
}

/// What `serve` needs.
#[derive(Debug, Clone, Parser)]
pub struct ServeConfig {
    /// Address to listen on.
    #[arg(long, env = "NOTIFICATIONS_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub broker: BrokerConfig,
    #[command(flatten)]
    pub tokens: TokenConfig,
    #[command(flatten)]
    pub mail: MailConfig,
    #[command(flatten)]
    pub sockets: SocketConfig,
}

/// Whose tokens count.
#[derive(Debug, Clone, Args)]
pub struct TokenConfig {
    /// Where the token issuer publishes its keys: `file:/path/jwks.json` or `http://host/.well-known/jwks.json`.
    #[arg(long, env = "NOTIFICATIONS_JWKS")]
    pub jwks: KeySource,
    /// The issuer that a token must name.
    #[arg(long, env = "NOTIFICATIONS_TOKEN_ISSUER", default_value = "argosy")]
    pub token_issuer: String,
    /// The audience that a token must name.
    #[arg(long, env = "NOTIFICATIONS_TOKEN_AUDIENCE", default_value = "argosy")]
    pub token_audience: String,
}

/// How mail leaves.
#[derive(Debug, Clone, Args)]
pub struct MailConfig {
    /// The mail server: `smtp://host:25` (in the clear), `smtp://user@host:587?tls=required` (STARTTLS) or
    /// `smtps://user@host:465` (TLS from the start).
    #[arg(long, env = "NOTIFICATIONS_SMTP_URL")]
    pub smtp_url: Server,
    /// File with the password of that user.
    #[arg(long, env = "NOTIFICATIONS_SMTP_PASSWORD_FILE")]
    pub smtp_password_file: Option<Secret>,
    /// Who writes: `Argosy <shop@argosy.example>`.
    #[arg(long, env = "NOTIFICATIONS_MAIL_FROM")]
    pub mail_from: Sender,
    /// The shop's address, which links in mails begin with: `https://shop.example`.
    #[arg(long, env = "NOTIFICATIONS_PUBLIC_URL", value_parser = public_url)]
    pub public_url: String,
    /// File with the key that the codes in mails about forgotten passwords are made with: identity has the same.
    #[arg(long, env = "NOTIFICATIONS_RESET_KEY_FILE")]
    pub reset_key_file: Secret,
    /// Mails that are sent at once, each over a connection of its own. One takes several round trips and, because the client leaves
    /// the end of a message to Nagle's algorithm (RFC 896), up to 40 ms more.
    #[arg(long, env = "NOTIFICATIONS_SMTP_CONNECTIONS", default_value_t = 16, value_parser = value_parser!(u32).range(1..=64))]
    pub smtp_connections: u32,
    /// Milliseconds that sending one mail may take. After twice that time a mail of a process that died is sent by another.
    #[arg(long, env = "NOTIFICATIONS_SMTP_TIMEOUT_MS", default_value_t = 20_000, value_parser = value_parser!(u64).range(100..=120_000))]
    pub smtp_timeout_ms: u64,
    /// Milliseconds that a mail server which was not reached five times in a row is left alone.
    #[arg(long, env = "NOTIFICATIONS_SMTP_REST_MS", default_value_t = 30_000, value_parser = value_parser!(u64).range(10..=600_000))]
    pub smtp_rest_ms: u64,
    /// Milliseconds before a failed mail is tried for the second time; the later pauses grow from it (README).
    #[arg(long, env = "NOTIFICATIONS_RETRY_BASE_MS", default_value_t = 1_000, value_parser = value_parser!(u64).range(1..=60_000))]
    pub retry_base_ms: u64,
    /// Days after which a mail that is done with, and what was ordered, is forgotten. More than the broker's 30, so that a
    /// replayed event finds its mail.
    #[arg(long, env = "NOTIFICATIONS_MAIL_RETENTION_DAYS", default_value_t = 90, value_parser = value_parser!(u32).range(46..=3650))]
    pub mail_retention_days: u32,
}

impl MailConfig {
    pub(crate) fn smtp_timeout(&self) -> Duration {
        Duration::from_millis(self.smtp_timeout_ms)
    }

    pub(crate) fn smtp_rest(&self) -> Duration {
        Duration::from_millis(self.smtp_rest_ms)
    }

    pub(crate) fn retry_base(&self) -> Duration {
        Duration::from_millis(self.retry_base_ms)
    }
}

/// How open pages are served.
#[derive(Debug, Clone, Args)]
pub struct SocketConfig {
    /// Sockets that one user may have open at this replica.
    #[arg(long, env = "NOTIFICATIONS_SOCKETS_PER_USER", default_value_t = 10, value_parser = value_parser!(u32).range(1..=1000))]
    pub sockets_per_user: u32,
    /// Sockets that this replica serves in all.
    #[arg(long, env = "NOTIFICATIONS_SOCKETS", default_value_t = 5_000, value_parser = value_parser!(u32).range(1..=100_000))]
    pub sockets: u32,
    /// Milliseconds between two pings of ours.
    #[arg(long, env = "NOTIFICATIONS_SOCKET_PING_MS", default_value_t = 20_000, value_parser = value_parser!(u64).range(10..=300_000))]
    pub socket_ping_ms: u64,
    /// Milliseconds without a sign of life after which a socket is closed.
    #[arg(long, env = "NOTIFICATIONS_SOCKET_IDLE_MS", default_value_t = 60_000, value_parser = value_parser!(u64).range(50..=900_000))]
    pub socket_idle_ms: u64,
    /// Milliseconds that a page may take to accept a message before it is cut off.
    #[arg(long, env = "NOTIFICATIONS_SOCKET_WRITE_MS", default_value_t = 5_000, value_parser = value_parser!(u64).range(10..=60_000))]
    pub socket_write_ms: u64,
    /// Days that live updates are kept for pages that come back.
    #[arg(long, env = "NOTIFICATIONS_LIVE_RETENTION_DAYS", default_value_t = 7, value_parser = value_parser!(u32).range(1..=365))]
    pub live_retention_days: u32,
}

/// The service's own database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Where it is and who we are there, without the password: `postgres://notifications@host:5432/notifications`.
    #[arg(long, env = "NOTIFICATIONS_DATABASE_URL")]
    pub database_url: String,
    /// File with the password.
    #[arg(long, env = "NOTIFICATIONS_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<Secret>,
}

impl DatabaseConfig {
    /// How to connect.
    pub(crate) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        database::options(
            &self.database_url,
            self.database_password_file.as_ref(),
            "notifications",
        )
    }
}

/// The message broker.
#[derive(Debug, Clone, Args)]
pub struct BrokerConfig {
    /// Where it is: `nats://host:4222`.
    #[arg(long, env = "NOTIFICATIONS_NATS_URL")]
    pub nats_url: String,
}

/// Links are made by appending to it: no trailing slash, no query.
fn public_url(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https"))
        || uri.host().is_none()
        || uri.query().is_some()
    {
        return Err("expected an address such as https://shop.example".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_with_a_whole_address() {
        assert_eq!(
            public_url("https://shop.example/").as_deref(),
            Ok("https://shop.example")
        );
        for text in [
            "shop.example",
            "ftp://shop.example",
            "/orders",
            "https://shop.example/?a=b",
            "",
        ] {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}
