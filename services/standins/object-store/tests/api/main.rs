//! The object store from outside: the real program on a folder of its own, driven by the AWS SDK and by raw HTTP.

mod access;
mod buckets;
mod crashes;
mod keys;
mod listing;
mod multipart;
mod objects;
mod server;
