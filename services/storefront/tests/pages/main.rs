//! The storefront from outside, over HTTP, in front of a catalogue that speaks the real one's protocol.
#![expect(clippy::unwrap_used, reason = "what a test cannot do without ends it")]

mod api;
mod app;
mod assets;
mod category;
mod config;
mod contrast;
mod failures;
mod fake_catalog;
mod health;
mod home;
mod limits;
mod markup;
mod product;
mod search;
