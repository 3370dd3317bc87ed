//! A connection is accepted.

use super::Connection;

pub(super) async fn probe(address: &str) -> Result<(), String> {
    Connection::open(address).await.map(drop)
}
