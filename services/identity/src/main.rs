//! The identity service's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = identity::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("identity", &log, |process| identity::run(cli, process))
}
