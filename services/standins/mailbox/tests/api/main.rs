//! The mailbox from outside: the real program on a folder of its own, over SMTP and HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod durability;
mod faults;
mod http;
mod pages;
mod server;
mod smtp;
