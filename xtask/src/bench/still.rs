//! A static file behind the edge's own Caddy, for as long as a measurement takes: what the same server needs when nothing is
//! made anew.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::{journeys::World, side_door::SideDoor};

/// The file's name below the server that is added.
pub(super) const PATH: &str = "/page.html";

/// A file behind a side door.
pub(super) struct StillFile {
    door: SideDoor,
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
        let route = json!({ "handle": [{ "handler": "file_server", "root": folder.path() }] });
        Ok(Self {
            door: SideDoor::open(world, "bench-still-file", &[route]).await?,
            _folder: folder,
        })
    }

    /// `host:port` where it is served.
    pub(super) fn address(&self) -> &str {
        &self.door.address
    }

    /// Takes the server away again.
    pub(super) async fn end(self) -> Result<(), String> {
        self.door.close().await
    }
}
