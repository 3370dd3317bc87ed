//! Argosy's toolkit: renders every configuration file from one model, brings the platform up, and says what is going
//! on in it. `ARCHITECTURE.md` has the bird's-eye view; `docs/toolkit.md` the interface.

use clap::Parser as _;

mod bench;
mod broker;
mod browser;
mod build;
mod certificates;
mod cli;
mod commands;
mod crash;
mod database;
mod digest;
mod events;
mod exit;
mod failure;
mod generated;
mod health;
mod http;
mod images;
mod journeys;
mod lock;
mod model;
mod packages;
mod paths;
mod plan;
mod preflight;
mod quality;
mod render;
mod reporter;
mod runtime;
mod secrets;
mod session;
mod side_door;
mod urls;
mod verify;

fn main() -> std::process::ExitCode {
    // Before anything else: these need a process with a single thread.
    if let Some(exit) = runtime::host::internal::dispatch() {
        return exit;
    }
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(cli)),
        Err(error) => {
            reporter::talk(&format!("error: could not start: {error}"));
            exit::Exit::Bug
        }
    };
    exit.into()
}
