//! Puts archives into containers.

use std::collections::BTreeMap;

use bollard::{errors::Error, query_parameters::UploadToContainerOptionsBuilder};

use super::engine::Engine;

/// The contents of secrets, by name. Never shown.
pub(super) struct Secrets(pub(super) BTreeMap<String, Vec<u8>>);

/// Unpacks an archive in a folder of a container, which need not run.
pub(super) async fn put(
    engine: &Engine,
    container: &str,
    folder: &str,
    archive: Vec<u8>,
) -> Result<(), Error> {
    let options = UploadToContainerOptionsBuilder::default()
        .path(folder)
        .build();
    engine
        .docker
        .upload_to_container(container, Some(options), bollard::body_full(archive.into()))
        .await
}
