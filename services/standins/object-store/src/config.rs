//! Every variable of the object store, parsed before its port is bound.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use clap::Parser;
use tracing::level_filters::LevelFilter;

/// An S3 server on a folder, for a developer's machine.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Config {
    /// Address and port to listen on.
    #[arg(
        long,
        env = "OBJECT_STORE_LISTEN",
        value_name = "OBJECT_STORE_LISTEN",
        default_value = "127.0.0.1:9000"
    )]
    pub listen: SocketAddr,

    /// Folder that holds the buckets. It is created when missing; one server at a time may use it.
    #[arg(long, env = "OBJECT_STORE_ROOT", value_name = "OBJECT_STORE_ROOT")]
    pub root: PathBuf,

    /// The one access key that may sign requests.
    #[arg(
        long,
        env = "OBJECT_STORE_ACCESS_KEY",
        value_name = "OBJECT_STORE_ACCESS_KEY"
    )]
    pub access_key: String,

    /// File with the secret key that belongs to the access key.
    #[arg(
        long,
        env = "OBJECT_STORE_SECRET_KEY_FILE",
        value_name = "OBJECT_STORE_SECRET_KEY_FILE"
    )]
    pub secret_key_file: PathBuf,

    /// Seconds between two runs of the lifecycle rules.
    #[arg(long, env = "OBJECT_STORE_SWEEP_INTERVAL_SECONDS", value_name = "OBJECT_STORE_SWEEP_INTERVAL_SECONDS", default_value = "900", value_parser = clap::value_parser!(u64).range(1..))]
    pub sweep_interval_seconds: u64,

    /// error, warn, info, debug or trace. At debug every read is logged, too.
    #[arg(
        long,
        env = "LOG_LEVEL",
        value_name = "LOG_LEVEL",
        default_value = "info"
    )]
    pub log_level: LevelFilter,
}

impl Config {
    pub(crate) fn sweep_interval(&self) -> Duration {
        Duration::from_secs(self.sweep_interval_seconds)
    }

    /// Reads the secret key; a line end after it is not part of it.
    pub(crate) fn secret_key(&self) -> anyhow::Result<String> {
        let path = self.secret_key_file.display();
        let text = std::fs::read_to_string(&self.secret_key_file).with_context(|| {
            format!("cannot read the secret key from {path} (OBJECT_STORE_SECRET_KEY_FILE)")
        })?;
        let key = text.trim_end_matches(['\r', '\n']);
        ensure!(
            key.len() >= 8,
            "the secret key in {path} has {} characters: expected at least 8 (OBJECT_STORE_SECRET_KEY_FILE)",
            key.len()
        );
        Ok(key.to_owned())
    }
}
