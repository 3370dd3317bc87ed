//! The object store from outside: the real program on a folder of its own, driven by the AWS SDK and by raw HTTP.

#![expect(
    clippy::large_futures,
    reason = "the SDK's requests are large, and a test has the stack for them"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod access;
mod buckets;
mod crashes;
mod keys;
mod listing;
mod multipart;
mod objects;
mod server;
