//! Arguments and variables of the job.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Parser;

/// Creates the buckets that a file describes, with their policies, CORS and lifecycle rules. Running it again changes only
/// what differs.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Where the S3 API is, such as `http://127.0.0.1:9000` or `https://s3.eu-central-1.amazonaws.com`.
    #[arg(long)]
    pub(crate) endpoint: String,

    /// YAML file with the buckets.
    #[arg(long)]
    pub(crate) buckets: PathBuf,

    /// Region in which buckets are made. `MinIO` takes any.
    #[arg(
        long,
        env = "MINIO_INIT_REGION",
        value_name = "MINIO_INIT_REGION",
        default_value = "us-east-1"
    )]
    pub(crate) region: String,

    /// Access key of an account that may create buckets.
    #[arg(
        long,
        env = "MINIO_INIT_ACCESS_KEY",
        value_name = "MINIO_INIT_ACCESS_KEY"
    )]
    pub(crate) access_key: String,

    /// File with the secret key that belongs to it.
    #[arg(
        long,
        env = "MINIO_INIT_SECRET_KEY_FILE",
        value_name = "MINIO_INIT_SECRET_KEY_FILE"
    )]
    pub(crate) secret_key_file: PathBuf,

    /// Seconds to wait for a store that is still starting.
    #[arg(
        long,
        env = "MINIO_INIT_WAIT_SECONDS",
        value_name = "MINIO_INIT_WAIT_SECONDS",
        default_value_t = 20
    )]
    pub(crate) wait_seconds: u64,
}

impl Arguments {
    /// Reads the secret key; a line end after it is not part of it.
    pub(crate) fn secret_key(&self) -> anyhow::Result<String> {
        let path = self.secret_key_file.display();
        let text = std::fs::read_to_string(&self.secret_key_file).with_context(|| {
            format!("cannot read the secret key from {path} (MINIO_INIT_SECRET_KEY_FILE)")
        })?;
        let key = text.trim_end_matches(['\r', '\n']);
        ensure!(
            !key.is_empty(),
            "the file with the secret key, {path}, is empty (MINIO_INIT_SECRET_KEY_FILE)"
        );
        Ok(key.to_owned())
    }
}
