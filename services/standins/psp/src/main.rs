//! The payment provider simulator's process: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = psp::Cli::parse();
    let log = cli.log.clone();
    chassis::process::run("psp", &log, |process| psp::run(cli, process))
}
