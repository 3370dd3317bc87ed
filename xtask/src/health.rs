//! Health probes: each asks a server in its own protocol whether it can do its work.
//!
//! Written by hand on plain sockets. A probe runs every 100 ms while something starts and every 2 s for ever after, so
//! it starts no program, keeps no connection, and needs no account: an answer that only a working server gives is enough.

mod http;
mod nats;
mod postgres;
mod s3;
mod tcp;

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::runtime::host::protocol::HealthCheck;

/// Asks once. The error is what a person should read, such as `connection refused on 127.0.0.1:7101`.
pub(crate) async fn probe(check: &HealthCheck, timeout: Duration) -> Result<(), String> {
    let asked = async {
        match check {
            HealthCheck::Http { address, path } => http::probe(address, path).await,
            HealthCheck::Tcp { address } => tcp::probe(address).await,
            HealthCheck::Postgres { address } => postgres::probe(address).await,
            HealthCheck::Nats { address } => nats::probe(address).await,
            HealthCheck::S3 { address } => s3::probe(address).await,
        }
    };
    match tokio::time::timeout(timeout, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!(
            "no answer from {} within {timeout:?}",
            address(check)
        )),
    }
}

/// `host:port`.
pub(crate) fn address(check: &HealthCheck) -> &str {
    match check {
        HealthCheck::Http { address, .. }
        | HealthCheck::Tcp { address }
        | HealthCheck::Postgres { address }
        | HealthCheck::Nats { address }
        | HealthCheck::S3 { address } => address,
    }
}

/// A connection whose errors name the address.
struct Connection<'a> {
    stream: TcpStream,
    address: &'a str,
}

impl<'a> Connection<'a> {
    async fn open(address: &'a str) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| in_words(&error, address))?;
        if is_own_echo(&stream) {
            return Err(format!("connection refused on {address}"));
        }
        Ok(Self { stream, address })
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream
            .write_all(bytes)
            .await
            .map_err(|error| in_words(&error, self.address))
    }

    async fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.stream
            .read_exact(bytes)
            .await
            .map_err(|error| in_words(&error, self.address))?;
        Ok(())
    }

    /// One line without its end; what comes after it is lost.
    async fn read_line(&mut self, limit: usize) -> Result<String, String> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            self.read_exact(&mut byte).await?;
            if byte == *b"\n" || line.len() == limit {
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            line.extend(byte);
        }
    }
}

/// Where nobody listens on a port that the kernel also hands out to callers, it may hand that one to us: we are then
/// connected to ourselves, and would take it for a server that accepts.
fn is_own_echo(stream: &TcpStream) -> bool {
    let (local, peer) = (stream.local_addr(), stream.peer_addr());
    local
        .ok()
        .zip(peer.ok())
        .is_some_and(|(local, peer)| local == peer)
}

fn in_words(error: &io::Error, address: &str) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("connection refused on {address}"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => format!("{address} hung up"),
        io::ErrorKind::UnexpectedEof => format!("{address} hung up without an answer"),
        _ => format!("cannot ask {address}: {error}"),
    }
}

/// The first of a text, on one line.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
