//! Which runtime an environment was brought up with, remembered in `<home>/runtime.json`, so that every later command
//! looks where things are. An environment runs on one runtime at a time: its data are there.

use std::{collections::BTreeSet, fs, path::PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Failure, IoContext as _},
    model::{ImageKind, Name},
    paths::Paths,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Runtime {
    Host,
    Docker,
}

impl Runtime {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Docker => "docker",
        }
    }
}

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) runtime: Runtime,
    /// The engine's address, for `docker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<String>,
    /// Which images of programs that are not ours, for `docker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<ImageKind>,
    /// What has no such image, and so is not there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) left_out: BTreeSet<Name>,
}

impl Chosen {
    pub(crate) fn host() -> Self {
        Self {
            runtime: Runtime::Host,
            engine: None,
            images: None,
            left_out: BTreeSet::new(),
        }
    }
}

/// None before the first `up`, and after `down`.
pub(crate) fn remembered(paths: &Paths) -> Option<Chosen> {
    let text = fs::read(note(paths)).ok();
    if let Some(chosen) = text.and_then(|text| serde_json::from_slice(&text).ok()) {
        return Some(chosen);
    }
    // A supervisor that an older toolkit has started left no note.
    paths.socket().exists().then(Chosen::host)
}

/// Before anything is started, so that a run that is killed has said where it began.
pub(crate) fn remember(paths: &Paths, chosen: &Chosen) -> Result<(), Failure> {
    let path = note(paths);
    let partial = path.with_extension("partial");
    let text = serde_json::to_vec(chosen).unwrap_or_default();
    fs::write(&partial, text).doing("write", &partial)?;
    fs::rename(&partial, &path).doing("write", &path)
}

/// When nothing runs any more.
pub(crate) fn forget(paths: &Paths) -> Result<(), Failure> {
    match fs::remove_file(note(paths)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing("remove", &note(paths))
        }
        _ => Ok(()),
    }
}

fn note(paths: &Paths) -> PathBuf {
    paths.home.join("runtime.json")
}
