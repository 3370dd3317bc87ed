//! The background supervisor, driven through its hidden subcommands and its socket, with real processes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod client;
mod endings;
mod lives;
mod postgres;
