//! Where everything of one environment lives on this machine.

use std::path::{Path, PathBuf};

/// The project and one environment's home, `.argosy/<environment>` in the project or `$ARGOSY_HOME/<environment>`.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    /// The folder with `infra/`, `caddy/` and the other data folders.
    pub(crate) project: PathBuf,
    /// State and data of the environment.
    pub(crate) home: PathBuf,
}

impl Paths {
    /// Data of one component: kept by `down`, removed by `down --volumes`.
    pub(crate) fn data(&self, component: &str) -> PathBuf {
        self.home.join("data").join(component)
    }

    /// Rendered configuration of one component or job.
    pub(crate) fn config(&self, component: &str) -> PathBuf {
        self.home.join("config").join(component)
    }

    /// Rendered candidates, checked by their programs before they are put in place.
    pub(crate) fn staging(&self) -> PathBuf {
        self.home.join("staging")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.home.join("secrets")
    }

    /// Sockets, locks and the supervisor's own notes.
    pub(crate) fn run(&self) -> PathBuf {
        self.home.join("run")
    }

    /// Log file of one component or job; older ones beside it as `.1`, `.2` and so on.
    pub(crate) fn log(&self, component: &str) -> PathBuf {
        self.home.join("logs").join(format!("{component}.log"))
    }

    /// Notes of finished jobs.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.home.join("jobs")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.run().join("supervisor.sock")
    }
}

/// Where cargo leaves our own binaries.
pub(crate) fn binary(target: &Path, profile: crate::model::BuildProfile, name: &str) -> PathBuf {
    let folder = match profile {
        crate::model::BuildProfile::Dev => "debug",
        crate::model::BuildProfile::Release => "release",
    };
    target.join(folder).join(name)
}
