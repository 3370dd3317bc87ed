//! How an image is built: a Dockerfile, the files beside it, and a digest of all of them that becomes its tag.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    digest,
    failure::{Failure, IoContext as _},
};

/// Everything that the engine needs to build one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// What it is for: the component or binary, for people and labels.
    pub(crate) name: String,
    /// `<repository>:<digest>`.
    pub(crate) reference: String,
    /// A second name that always means the newest one.
    pub(crate) current: String,
    pub(crate) why: String,
    /// The Dockerfile's text.
    pub(crate) dockerfile: String,
    pub(crate) arguments: BTreeMap<String, String>,
    pub(crate) context: Context,
}

/// What a build can copy from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Context {
    /// The files of the Dockerfile's own folder, by path.
    Files(BTreeMap<String, PathBuf>),
    /// One program of ours, as `program`.
    Program(PathBuf),
    /// The project's sources.
    Sources(PathBuf),
}

/// Where the Dockerfiles are, from the project's root.
pub(crate) const FOLDER: &str = "infra/images";

/// A Dockerfile with the files beside it.
pub(super) struct Folder {
    pub(super) dockerfile: String,
    pub(super) files: BTreeMap<String, PathBuf>,
    pub(super) digest: String,
}

impl Folder {
    pub(super) fn read(project: &Path, name: &str) -> Result<Self, Failure> {
        let folder = project.join(FOLDER).join(name);
        let mut files = BTreeMap::new();
        let mut parts = Vec::new();
        for entry in fs::read_dir(&folder).doing("read", &folder)? {
            let path = entry.doing("read", &folder)?.path();
            let file = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let content = fs::read(&path).doing("read", &path)?;
            parts.push(format!("{file} {}", digest::of(content)));
            files.insert(file, path);
        }
        parts.sort();
        let path = folder.join("Dockerfile");
        let dockerfile = fs::read_to_string(&path).doing("read", &path)?;
        files.remove("Dockerfile");
        Ok(Self {
            dockerfile,
            files,
            digest: digest::of_parts(parts.iter().map(String::as_str)),
        })
    }

    /// The default of a build argument that stands before the first stage: `ARG BASE=debian:…`.
    pub(super) fn default_of(&self, argument: &str) -> Option<&str> {
        let prefix = format!("ARG {argument}=");
        self.dockerfile
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .map(|value| value.trim_matches('"'))
    }

    /// The value of a label: `LABEL argosy.glibc="2.36"`.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let prefix = format!("LABEL {name}=");
        self.dockerfile
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .map(|value| value.trim_matches('"'))
    }
}
