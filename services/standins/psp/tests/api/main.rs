//! The simulator from outside: its real server and workers on a real PostgreSQL, over HTTP.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;

mod authentication;
mod crashes;
mod faults;
mod idempotency;
mod lists;
mod payment_intents;
mod refunds;
mod simulator;
mod webhooks;
