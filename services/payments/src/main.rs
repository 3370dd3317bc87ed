//! The payments service's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = payments::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("payments", &log, |process| payments::run(cli, process))
}
