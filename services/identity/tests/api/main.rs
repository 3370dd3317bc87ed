//! The identity service from outside: its real router and workers on a real PostgreSQL and NATS, over HTTP.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;

mod accounts;
mod addresses;
mod administrator;
mod back_office;
mod browsers;
mod documents;
mod limits;
mod load;
mod login;
mod operation;
mod outbox;
mod refresh;
mod register;
mod resets;
mod revocation;
mod rights;
mod tokens;
