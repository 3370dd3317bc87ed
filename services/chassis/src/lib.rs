#![doc = include_str!("../README.md")]

pub mod api_docs;
pub mod auth;
pub mod breaker;
pub mod broker;
pub mod clock;
pub mod config;
pub mod consumer;
pub mod correlation;
pub mod database;
pub mod failpoint;
pub mod health;
pub mod http_client;
pub mod idempotency;
pub mod json;
pub mod metrics;
pub mod outbox;
pub mod peer;
pub mod planted;
pub mod problem;
pub mod process;
pub mod query;
pub mod rate_limit;
mod retention;
pub mod server;
pub mod service;
pub mod telemetry;
pub mod worker;

pub use broker::Broker;
pub use config::{LogConfig, RateLimitConfig, Secret};
pub use correlation::Correlation;
pub use database::Database;
pub use json::Json;
pub use problem::{FieldError, Problem};
pub use process::Process;
pub use rate_limit::RateLimiter;
pub use service::{App, Service};
