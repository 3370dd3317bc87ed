//! The project's checks on itself: conventions (`tidy`), offline query data (`sqlx`) and everything together (`test`).
//!
//! A rule that lives only in prose is soon broken. Each one that a program can see is a small function here, with a test
//! that plants a violation.

pub(crate) mod cargo;
pub(crate) mod deny;
pub(crate) mod offline_queries;
mod ordeal;
mod platform;
mod postgres;
pub(crate) mod source;
pub(crate) mod steps;
pub(crate) mod suite;
pub(crate) mod tidy;
mod transcript;
pub(crate) mod tree;
mod visit;
