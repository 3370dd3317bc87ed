//! The catalogue's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = catalog::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("catalog", &log, |process| catalog::run(cli, process))
}
