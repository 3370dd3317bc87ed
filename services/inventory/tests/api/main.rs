//! The inventory from outside: its real router, workers and consumers on a real PostgreSQL and NATS, over HTTP.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;
mod books;

mod alerts;
mod authorisation;
mod availability;
mod back_office;
mod bad_input;
mod batches;
mod catalog_events;
mod crashes;
mod documents;
mod expiry;
mod holds;
mod operation;
mod planted;
mod restocks;
mod seed;
mod settling;
mod streams;
