//! Catches every e-mail that the platform sends from a developer's machine, and shows it to people and to tests.
//!
//! No mail ever leaves it: there is no code here that opens a connection.

mod config;
mod faults;
mod http;
mod message;
mod server;
mod smtp;
mod store;

pub use config::Config;
pub use server::serve;
