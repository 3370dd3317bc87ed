//! The cart service's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cart::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("cart", &log, |process| cart::run(cli, process))
}
