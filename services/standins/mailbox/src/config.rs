//! Every variable of the mailbox, parsed before a port is bound.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use tracing::level_filters::LevelFilter;

/// An SMTP server that keeps every mail, with a web page and a JSON API to read them.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Config {
    /// Address and port of the SMTP server.
    #[arg(
        long,
        env = "MAILBOX_SMTP_LISTEN",
        value_name = "MAILBOX_SMTP_LISTEN",
        default_value = "127.0.0.1:1025"
    )]
    pub smtp_listen: SocketAddr,

    /// Address and port of the web page and the API.
    #[arg(
        long,
        env = "MAILBOX_HTTP_LISTEN",
        value_name = "MAILBOX_HTTP_LISTEN",
        default_value = "127.0.0.1:8025"
    )]
    pub http_listen: SocketAddr,

    /// Folder that keeps the mails. It is created when missing; one mailbox at a time may use it.
    #[arg(long, env = "MAILBOX_ROOT", value_name = "MAILBOX_ROOT")]
    pub root: PathBuf,

    /// How many mails are kept; beyond that the oldest go.
    #[arg(long, env = "MAILBOX_MAX_MESSAGES", value_name = "MAILBOX_MAX_MESSAGES", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_messages: u32,

    /// The largest mail that is accepted, in bytes.
    #[arg(long, env = "MAILBOX_MAX_MESSAGE_BYTES", value_name = "MAILBOX_MAX_MESSAGE_BYTES", default_value = "10485760", value_parser = clap::value_parser!(u32).range(1024..=104_857_600))]
    pub max_message_bytes: u32,

    /// How many recipients one mail may have. RFC 5321 demands at least 100.
    #[arg(long, env = "MAILBOX_MAX_RECIPIENTS", value_name = "MAILBOX_MAX_RECIPIENTS", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_recipients: u32,

    /// How many SMTP connections may be open at once.
    #[arg(long, env = "MAILBOX_MAX_CONNECTIONS", value_name = "MAILBOX_MAX_CONNECTIONS", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_connections: u32,

    /// Seconds without a byte from the client after which an SMTP connection is closed.
    #[arg(long, env = "MAILBOX_SMTP_TIMEOUT_SECONDS", value_name = "MAILBOX_SMTP_TIMEOUT_SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub smtp_timeout_seconds: u64,

    /// error, warn, info, debug or trace.
    #[arg(
        long,
        env = "LOG_LEVEL",
        value_name = "LOG_LEVEL",
        default_value = "info"
    )]
    pub log_level: LevelFilter,
}

impl Config {
    pub(crate) fn smtp_timeout(&self) -> Duration {
        Duration::from_secs(self.smtp_timeout_seconds)
    }
}
