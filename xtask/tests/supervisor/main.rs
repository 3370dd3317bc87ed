//! The background supervisor, driven through its hidden subcommands and its socket, with real processes.

mod bench;
mod client;
mod endings;
mod lives;
mod postgres;
