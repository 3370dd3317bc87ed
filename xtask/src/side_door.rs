//! One more server in the running edge's Caddy, on this machine only: what is measured or looked at beside the shop, by the
//! same program. Caddy's next reload would remove it, too.

use std::net::TcpListener;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{http, journeys::World};

/// Stays open until it is closed.
pub(crate) struct SideDoor {
    /// `host:port` where it is.
    pub(crate) address: String,
    /// Where Caddy's admin API has it.
    server: String,
}

impl SideDoor {
    /// Opens one at a free port. `name` is its own in Caddy; `routes` are in Caddy's words.
    pub(crate) async fn open(world: &World, name: &str, routes: &[Value]) -> Result<Self, String> {
        let address = free_address()?;
        let server = format!(
            "http://{}/config/apps/http/servers/{name}",
            world.address("caddy", "admin")?
        );
        let config = json!({ "listen": [address], "automatic_https": { "disable": true }, "routes": routes });
        let answer = http::send(Method::POST, &server, Some(config.to_string())).await?;
        if answer.status != StatusCode::OK {
            return Err(format!(
                "Caddy does not take another server: {} {}",
                answer.status,
                answer.excerpt()
            ));
        }
        Ok(Self { address, server })
    }

    /// Takes it away again.
    pub(crate) async fn close(self) -> Result<(), String> {
        let answer = http::send(Method::DELETE, &self.server, None).await?;
        if answer.status == StatusCode::OK {
            return Ok(());
        }
        Err(format!(
            "Caddy keeps {}: {} {}",
            self.server,
            answer.status,
            answer.excerpt()
        ))
    }
}

/// Somewhere on this machine where nothing listens.
pub(crate) fn free_address() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok(address.to_string())
}
