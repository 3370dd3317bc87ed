//! The inventory's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = inventory::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("inventory", &log, |process| inventory::run(cli, process))
}
