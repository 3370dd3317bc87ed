//! The toolkit as people use it: the real binary, real servers, real failures.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod converging;
mod database;
mod failing;
mod interface;
mod kinds;
mod project;
mod stacks;
