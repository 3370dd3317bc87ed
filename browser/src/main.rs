//! The shop as people meet it: a real Chromium that buys, sells, looks at every page and takes its picture.
//!
//! It is a program and no `cargo test`, because it needs a platform that runs: `cargo xtask test --only browser` brings one
//! up, `cargo xtask screenshots` and `cargo xtask bench pages` use the one that is there.

use std::process::ExitCode;

use clap::Parser as _;

mod accessibility;
mod browser;
mod chromium;
mod cli;
mod crawl;
mod links;
mod markup;
mod output;
mod pages;
mod people;
mod platform;
mod rating;
mod scenarios;
mod screenshots;
mod suite;
mod survey;
mod thing;
mod watch;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match cli::run(arguments).await {
        Ok(exit) => exit,
        Err(error) => {
            output::problem(&format!("error: {}", output::in_words(&error)));
            ExitCode::FAILURE
        }
    }
}
