//! A static file behind the edge's own Caddy, for as long as a measurement takes: what the same server needs when nothing is
//! made anew.

use std::{fs, net::TcpListener};

use hyper::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;

use crate::{http, journeys::World};

/// The file's name below the server that is added.
pub(super) const PATH: &str = "/page.html";

/// One more server in the running Caddy. Its next reload would remove it, too.
pub(super) struct StillFile {
    /// `host:port` where it is served.
    pub(super) address: String,
    server: String,
    /// Has the file, and goes with it.
    _folder: TempDir,
}

impl StillFile {
    /// Serves these bytes.
    pub(super) async fn serve(world: &World, content: &[u8]) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("argosy-bench-")
            .tempdir()
            .map_err(|error| format!("cannot make a folder: {error}"))?;
        fs::write(folder.path().join(&PATH[1..]), content)
            .map_err(|error| format!("cannot write a file: {error}"))?;
        let address = free_address()?;
        let server = format!(
            "http://{}/config/apps/http/servers/bench-still-file",
            world.address("caddy", "admin")?
        );
        let config = json!({
            "listen": [address],
            "automatic_https": { "disable": true },
            "routes": [{ "handle": [{ "handler": "file_server", "root": folder.path() }] }],
        });
        let answer = http::send(Method::POST, &server, Some(config.to_string())).await?;
        if answer.status != StatusCode::OK {
            return Err(format!(
                "Caddy does not take another server: {} {}",
                answer.status,
                answer.excerpt()
            ));
        }
        Ok(Self {
            address,
            server,
            _folder: folder,
        })
    }

    /// Takes the server away again.
    pub(super) async fn end(self) -> Result<(), String> {
        let answer = http::send(Method::DELETE, &self.server, None).await?;
        if answer.status == StatusCode::OK {
            return Ok(());
        }
        Err(format!(
            "Caddy keeps the server of the measurement: {} {}",
            answer.status,
            answer.excerpt()
        ))
    }
}

fn free_address() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok(address.to_string())
}
