//! Where things are, as the rendered configuration must say it: the one difference between runtimes that templates
//! can see.

use std::path::PathBuf;

use crate::{
    model::{Component, Name},
    paths::Paths,
};

pub(crate) trait Places {
    /// The host under which the components reach this one.
    fn host(&self, component: &Name) -> String;

    /// The address on which a component listens: `host:port`, without a host for all interfaces.
    fn listen(&self, port: u16, exposure: Exposure) -> String;

    fn data(&self, unit: &Name) -> PathBuf;
    fn config(&self, unit: &Name) -> PathBuf;
    fn run(&self, unit: &Name) -> PathBuf;

    /// The secret's file as this unit sees it.
    fn secret(&self, unit: &Name, secret: &Name) -> PathBuf;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// For people and other machines.
    Published,
    /// For the platform's own components.
    Internal,
}

impl Exposure {
    pub(super) fn of(component: &Component, port: &Name) -> Self {
        if component.published.contains(port) {
            Self::Published
        } else {
            Self::Internal
        }
    }
}

/// Everything runs on this machine as plain processes.
#[derive(Debug, Clone)]
pub(crate) struct HostPlaces {
    pub(crate) paths: Paths,
}

impl Places for HostPlaces {
    fn host(&self, _: &Name) -> String {
        "127.0.0.1".into()
    }

    fn listen(&self, port: u16, exposure: Exposure) -> String {
        match exposure {
            Exposure::Published => format!(":{port}"),
            Exposure::Internal => format!("127.0.0.1:{port}"),
        }
    }

    fn data(&self, unit: &Name) -> PathBuf {
        self.paths.data(unit.as_str())
    }

    fn config(&self, unit: &Name) -> PathBuf {
        self.paths.config(unit.as_str())
    }

    fn run(&self, unit: &Name) -> PathBuf {
        self.paths.run().join(unit.as_str())
    }

    fn secret(&self, _: &Name, secret: &Name) -> PathBuf {
        self.paths.secrets().join(secret.as_str())
    }
}
