//! An S3 server on a folder, so that a developer's machine needs neither `MinIO` nor an AWS account.
//!
//! The wire protocol (signatures, XML, streaming uploads) is the `s3s` crate's; this crate keeps the objects.

mod access;
mod bucket;
mod config;
mod connection;
mod cors;
mod disk;
mod key_path;
mod lifecycle;
mod listing;
mod object_file;
mod policy;
mod s3;
mod server;
mod store;
mod uploads;

pub use config::Config;
pub use server::serve;
