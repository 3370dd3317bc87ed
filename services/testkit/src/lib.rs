#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    reason = "this crate runs in tests only: a panic here is a failed test, with its place"
)]

pub mod admin;
pub mod api;
mod child;
mod client;
mod nats;
mod object_store;
mod planted;
mod postgres;
mod temporary;
mod tokens;
mod wait;

pub use child::Child;
pub use client::{Answer, Client};
pub use nats::Nats;
pub use object_store::ObjectStore;
pub use planted::assert_found;
pub use postgres::TestDatabase;
pub use temporary::TemporaryDirectory;
pub use tokens::{Claims, Issuer};
pub use wait::{eventually, free_port};
