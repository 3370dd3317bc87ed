//! The notifications service's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = notifications::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("notifications", &log, |process| {
        notifications::run(cli, process)
    })
}
