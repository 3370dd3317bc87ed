#![doc = include_str!("../README.md")]

pub mod admin;
pub mod api_docs;
pub mod audit;
pub mod auth;
pub mod breaker;
pub mod broker;
pub mod clock;
pub mod config;
pub mod consumer;
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
mod retention;
pub mod server;
pub mod service;
pub mod telemetry;
pub mod worker;

pub use broker::Broker;
pub use config::{LogConfig, Secret};
pub use database::Database;
pub use json::Json;
pub use problem::{FieldError, Problem};
pub use process::Process;
pub use service::{App, Service};
