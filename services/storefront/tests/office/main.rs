//! The back office from outside: its real pages before the real identity, catalogue, inventory and orders, each on a real
//! PostgreSQL database and with a real broker and object store. Payments and notifications are away.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod browser;
mod shop;

mod access;
mod dead_letters;
mod orders;
mod products;
mod stock;
mod users;
