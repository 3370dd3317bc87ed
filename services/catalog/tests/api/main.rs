//! The catalogue from outside: its real router and workers on a real PostgreSQL, NATS and S3 server, over HTTP.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

mod app;

mod authorisation;
mod back_office;
mod documents;
mod get_product;
mod images;
mod internal;
mod list_products;
mod operation;
mod outbox;
mod paging;
mod search;
mod seed;
mod write_products;
