//! The docker runtime: components and jobs as containers, through the Docker Engine's API.
//!
//! ```text
//! model ──► blueprint ──► plan ──► apply ──► engine
//!                          ▲                   │
//!                          └──── observe ◄─────┘   GET alone
//! ```
//!
//! Nothing of ours stays behind on the engine's machine: what was made from what stands in the containers' labels, the
//! engine itself starts what ends by itself, and health is asked by whoever wants to know. `docs/adr/0010-docker-runtime.md`
//! has the reasons.

use std::time::Duration;

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod blueprint;
pub(crate) mod card;
pub(crate) mod engine;
pub(crate) mod logs;
pub(crate) mod names;
pub(crate) mod observe;
pub(crate) mod places;
pub(crate) mod reach;
pub(crate) mod stop;

mod create;
mod files;
mod parcel;
mod reload;
mod ssh;

/// For one question of a health check.
pub(crate) const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
