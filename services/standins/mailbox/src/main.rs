//! `mailbox`: reads its configuration and catches mail until it is told to stop.

use clap::Parser;
use mailbox::{Config, serve};

fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(config.log_level.to_string())
        .init();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()?
        .block_on(serve(config))
}
