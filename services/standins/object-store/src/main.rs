//! `object-store`: reads its configuration and serves until it is told to stop.

use clap::Parser;
use object_store::{Config, serve};

fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        // s3s logs whole requests and errors, signatures included: the server's own lines say what is needed.
        .with_env_filter(format!("{},s3s=off", config.log_level))
        .init();
    // Two workers: the store waits for the disk, and that happens on the blocking threads.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()?
        .block_on(serve(config))
}
