#![doc = include_str!("../README.md")]

pub mod api_docs;
pub mod auth;
pub mod broker;
pub mod config;
pub mod database;
pub mod health;
pub mod http_client;
pub mod json;
pub mod metrics;
pub mod outbox;
pub mod problem;
pub mod process;
pub mod server;
pub mod telemetry;
pub mod worker;

pub use broker::Broker;
pub use config::{LogConfig, Secret};
pub use database::Database;
pub use json::Json;
pub use problem::{FieldError, Problem};
pub use process::Process;
