#![doc = include_str!("../README.md")]

mod assembly;
mod config;
mod consumers;
mod db;
mod domain;
mod http;
mod live;
pub mod metrics;
pub mod problems;
mod rendering;
mod samples;
mod smtp;
mod workers;

use std::io::Write as _;

use anyhow::Context as _;
use chassis::{Process, database};
use sqlx::migrate::Migrator;

pub use assembly::{App, app};
pub use config::{
    BrokerConfig, Cli, Command, DatabaseConfig, MailConfig, PreviewConfig, ServeConfig,
    SocketConfig, TokenConfig,
};
pub use http::openapi;
pub use smtp::{Sender, Server};

/// The schema of this service's database.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Does what the command line asks for.
pub async fn run(cli: Cli, process: Process) -> anyhow::Result<()> {
    match cli.command() {
        Command::Serve(config) => app(&config, &process).await?.serve().await,
        Command::Migrate(config) => database::migrate(&config.options()?, &MIGRATOR).await,
        Command::Preview(config) => samples::write(&config.folder),
        Command::Openapi => {
            let document = openapi()
                .to_pretty_json()
                .context("the document is not JSON")?;
            writeln!(std::io::stdout(), "{document}").context("cannot write to standard output")
        }
    }
}
