//! The docker runtime on a real engine, from outside: small stacks of real servers in containers, and the `xtask` binary.
//!
//! Where no engine answers and we are root, the tests start the one that `cargo xtask test` has installed, and it ends with them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a test says to whoever reads its output"
)]

#[path = "../platform/database.rs"]
mod database;
#[path = "../platform/project.rs"]
#[expect(
    dead_code,
    reason = "what only the tests of processes use is not used here"
)]
mod project;

mod compose;
mod converging;
mod engine;
mod failing;
mod kinds;
mod proxy;
mod registry;
mod reloading;
mod remote;
mod shut_in;
mod stack;
