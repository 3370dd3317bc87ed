//! The storefront's process: reads its configuration, then serves the shop's pages.

use std::process::ExitCode;

use clap::Parser as _;
use storefront::{Arguments, Command, SERVICE, serve};

fn main() -> ExitCode {
    let Arguments {
        log,
        command: Command::Serve(config),
    } = Arguments::parse();
    chassis::process::run(SERVICE, &log, |process| serve(config, process))
}
