#![doc = include_str!("../README.md")]

mod assembly;
mod charging;
mod config;
mod connection;
mod db;
mod domain;
mod error;
mod execution;
mod faults;
mod http;
mod knobs;
mod metrics;
mod parameters;
mod workers;

use chassis::{Process, database};
use sqlx::migrate::Migrator;

pub use assembly::App;
pub use config::{Cli, Command, DatabaseConfig, ServeConfig, WebhookConfig};
pub use metrics::CATALOGUE;

/// The schema of the simulator's database.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Does what the command line asks for.
pub async fn run(cli: Cli, process: Process) -> anyhow::Result<()> {
    match cli.command() {
        Command::Serve(config) => App::new(&config, &process).await?.serve().await,
        Command::Migrate(config) => database::migrate(&config.options()?, &MIGRATOR).await,
    }
}
