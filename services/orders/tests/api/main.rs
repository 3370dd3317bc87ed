//! Orders from outside: its real router, consumers and workers on a real PostgreSQL and NATS, beside the real catalogue and
//! the real inventory. Payments is played: its events are published as it would.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;

mod access;
mod back_office;
mod bad_input;
mod cancelling;
mod constraints;
mod correlation;
mod dashboard;
mod deadlines;
mod delivery;
mod documents;
mod lists;
mod long_poll;
mod messages;
mod neighbours;
mod operation;
mod placing;
mod planted;
mod refunds;
mod repeated;
mod saga;
