//! NATS' protocol: the server says INFO, and PONG to our PING.
//!
//! A server that wants credentials says `-ERR 'Authorization Violation'` instead: it works as well.

use super::{Connection, excerpt};

/// INFO lists the cluster's addresses, so it may be long.
const LONGEST_INFO: usize = 64 << 10;
/// Anything else that it says is short.
const LONGEST: usize = 4 << 10;

pub(super) async fn probe(address: &str) -> Result<(), String> {
    let mut connection = Connection::open(address).await?;
    let info = connection.read_line(LONGEST_INFO).await?;
    if !info.starts_with("INFO ") {
        return Err(format!(
            "{address} does not answer as NATS does: {}",
            excerpt(&info)
        ));
    }
    connection.write(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"rust\",\"name\":\"argosy-probe\"}\r\nPING\r\n").await?;
    loop {
        let line = connection.read_line(LONGEST).await?;
        match line.as_str() {
            "PONG" => return Ok(()),
            "PING" => connection.write(b"PONG\r\n").await?,
            refusal if refusal.starts_with("-ERR") && refusal.contains("Authorization") => {
                return Ok(());
            }
            refusal if refusal.starts_with("-ERR") => {
                return Err(format!("answered {}", excerpt(refusal)));
            }
            // `+OK`, or INFO again: the cluster has changed.
            _ => {}
        }
    }
}
