//! The cart service from outside: its real router, consumer and worker on real PostgreSQL and NATS servers, beside the real
//! catalogue and inventory, over HTTP.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;
mod browser;
mod program;
mod shop;

mod authorisation;
mod crashes;
mod documents;
mod guests;
mod items;
mod merging;
mod notices;
mod operation;
mod orders;
mod planted;
