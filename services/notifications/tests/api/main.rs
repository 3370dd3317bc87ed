//! The notifications service from outside: its real router, consumers and workers on a real PostgreSQL, NATS and mail server.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;
mod events;
mod passwords;
mod post;
mod socket;

mod crashes;
mod documents;
mod live_updates;
mod mails;
mod messages;
mod notifications;
mod outages;
mod planted;
mod sockets;
mod streams;
