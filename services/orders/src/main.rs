//! The orders service's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = orders::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("orders", &log, |process| orders::run(cli, process))
}
