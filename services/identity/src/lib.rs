#![doc = include_str!("../README.md")]

mod administrator;
mod assembly;
mod config;
mod db;
mod domain;
mod events;
mod hashing;
mod http;
pub mod metrics;
pub mod problems;
mod signing;
mod throttle;
mod workers;

use std::io::Write as _;

use anyhow::Context as _;
use chassis::{Broker, Process, database};
use sqlx::migrate::Migrator;

pub use assembly::app;
pub use config::{
    AdministratorConfig, BrokerConfig, Cli, Command, DatabaseConfig, LoginLimitConfig, ServeConfig,
    TokenConfig,
};
pub use http::openapi;
pub use signing::Keys;

/// The schema of this service's database.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Does what the command line asks for.
pub async fn run(cli: Cli, process: Process) -> anyhow::Result<()> {
    match cli.command() {
        Command::Serve(config) => app(&config, &process).await?.serve().await,
        Command::Migrate(config) => database::migrate(&config.options()?, &MIGRATOR).await,
        Command::DeclareStreams(config) => Broker::connect_now(&config.nats_url, process.service)
            .await?
            .declare(events::STREAM)
            .await
            .map(drop),
        Command::CreateAdmin(config) => administrator::create(&config).await,
        Command::Openapi => {
            let document = openapi()
                .to_pretty_json()
                .context("the document is not JSON")?;
            writeln!(std::io::stdout(), "{document}").context("cannot write to standard output")
        }
    }
}
