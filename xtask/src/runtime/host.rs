//! The host runtime: components as plain processes under a small supervisor that the toolkit leaves in the background.
//!
//! ```text
//! up ──► __guard ──► __supervise ──► __exec ═ the component's program
//!        sweeps      starts, probes,  drops privileges, ties its life
//!        what is     logs, restarts;  to the supervisor's, becomes
//!        left over   unix socket      the program
//! ```
//!
//! Why three: see `docs/adr/0003-host-supervisor.md`.

pub(crate) mod apply;
pub(crate) mod blueprint;
pub(crate) mod client;
pub(crate) mod internal;
pub(crate) mod jobs;
pub(crate) mod logs;
pub(crate) mod observe;
pub(crate) mod ports;
pub(crate) mod protocol;

mod accounts;
mod backoff;
mod board;
mod clock;
pub(crate) mod diagnose;
mod ending;
mod guard;
mod journal;
mod launch;
pub(crate) mod lines;
mod log_writer;
mod memory;
mod monitor;
mod output;
mod process;
mod procfs;
mod record;
mod reload;
mod rotate;
mod server;
mod shim;
mod supervisor;

pub(crate) use launch::LaunchError;
pub(crate) use record::{LastRun, last_run};
