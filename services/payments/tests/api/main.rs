//! The payments service from outside: its real program and workers on a real PostgreSQL and NATS, with the provider's simulator
//! beside it, whose own ledger says what really happened to the money.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;
mod program;

mod authorisation;
mod cancelling;
mod charging;
mod correlation;
mod crashes;
mod documents;
mod events;
mod faults;
mod operation;
mod planted;
mod reconciling;
mod refunds;
mod retrying;
mod webhooks;
