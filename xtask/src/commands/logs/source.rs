//! Where logs are: files on the host, the engine's keeping for containers.

use std::{collections::BTreeMap, fs};

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};

use crate::{
    commands::{converge::docker::Platform, runtimes},
    failure::Failure,
    paths::Paths,
    runtime::{
        chosen::Runtime,
        docker::{
            engine::{Engine, refused},
            logs as containers, observe,
        },
        host::logs::{self, LogLine, Selection},
    },
    session::Session,
};

pub(super) enum Source {
    Files(Paths),
    Containers {
        engine: Box<Engine>,
        /// By component or job.
        ids: BTreeMap<String, String>,
    },
}

impl Source {
    pub(super) async fn open(session: &Session) -> Result<Self, Failure> {
        if runtimes::current(session) == Runtime::Host {
            return Ok(Self::Files(session.paths.clone()));
        }
        let platform = Platform::open(session).await?;
        let seen = observe::containers(&platform.engine, &platform.names).await?;
        Ok(Self::Containers {
            engine: Box::new(platform.engine),
            ids: seen
                .into_values()
                .map(|seen| (seen.unit, seen.id))
                .collect(),
        })
    }

    /// Everything that has ever written a line here, on the host the supervisor included.
    pub(super) fn names(&self) -> Vec<String> {
        let paths = match self {
            Self::Containers { ids, .. } => return ids.keys().cloned().collect(),
            Self::Files(paths) => paths,
        };
        let files = fs::read_dir(paths.home.join("logs"));
        let mut names: Vec<String> = files
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
            .collect();
        names.sort();
        names
    }

    pub(super) async fn past(
        &self,
        name: &str,
        selection: Selection,
    ) -> Result<Vec<LogLine>, Failure> {
        match self {
            Self::Files(paths) => logs::read(paths, name, selection).map_err(Failure::from),
            Self::Containers { engine, ids } => {
                let id = ids.get(name).map_or(name, String::as_str);
                let lines = containers::lines(engine, id, selection, false);
                lines
                    .try_collect()
                    .await
                    .map_err(|error| refused(name, "read its log", &error))
            }
        }
    }

    pub(super) fn follow(
        &self,
        name: &str,
        selection: Selection,
    ) -> BoxStream<'static, Result<LogLine, Failure>> {
        match self {
            Self::Files(paths) => logs::follow(paths, name, selection)
                .map_err(Failure::from)
                .boxed(),
            Self::Containers { engine, ids } => {
                let id = ids.get(name).map_or(name, String::as_str);
                let name = name.to_owned();
                containers::lines(engine, id, selection, true)
                    .map_err(move |error| refused(&name, "read its log", &error))
                    .boxed()
            }
        }
    }
}
