//! The server around every service's routes, from outside: how much one client may ask, and what its requests belong to.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;
mod correlation;
mod limits;
