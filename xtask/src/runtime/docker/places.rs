//! Where things are inside a container.

use std::path::PathBuf;

use crate::{
    model::Name,
    render::places::{Exposure, Places},
};

/// The container's own volume: what it is configured with, put there before it starts and gone with it.
pub(crate) const FILES: &str = "/argosy/files";
pub(crate) const CONFIG: &str = "config";
pub(crate) const SECRETS: &str = "secrets";

/// The component's lasting volume.
pub(crate) const VOLUME: &str = "/argosy/volume";
/// A folder in the volume and not the volume itself: only what lies in a volume can be given to the container's user.
pub(crate) const DATA: &str = "data";

/// A component is reached under its own name, at the same port everywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContainerPlaces;

impl Places for ContainerPlaces {
    fn host(&self, component: &Name) -> String {
        component.to_string()
    }

    /// Who can reach it is the networks' business.
    fn listen(&self, port: u16, exposure: Exposure) -> String {
        match exposure {
            Exposure::Published => format!(":{port}"),
            Exposure::Internal => format!("0.0.0.0:{port}"),
        }
    }

    fn data(&self, _: &Name) -> PathBuf {
        PathBuf::from(VOLUME).join(DATA)
    }

    fn config(&self, _: &Name) -> PathBuf {
        PathBuf::from(FILES).join(CONFIG)
    }

    fn run(&self, _: &Name) -> PathBuf {
        crate::model::container::TEMPORARY.into()
    }

    fn secret(&self, _: &Name, secret: &Name) -> PathBuf {
        PathBuf::from(FILES).join(SECRETS).join(secret.as_str())
    }
}
