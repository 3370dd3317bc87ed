//! The storefront from outside, over HTTP, in front of services that speak the real ones' protocol.
#![expect(clippy::unwrap_used, reason = "what a test cannot do without ends it")]

mod account;
mod api;
mod app;
mod assets;
mod browser;
mod cart;
mod category;
mod checkout;
mod config;
mod contact;
mod contrast;
mod degraded;
mod failures;
mod fake_catalog;
mod fake_shop;
mod forgotten;
mod health;
mod home;
mod limits;
mod markup;
mod orders;
mod product;
mod search;
mod sessions;
