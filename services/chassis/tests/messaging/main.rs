//! Consumers from outside: a real NATS server, a real PostgreSQL database, and a consumer whose effects can be counted.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod admin;
mod app;
mod consumers;
mod correlation;
mod dead_letters;
mod tables;
