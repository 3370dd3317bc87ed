//! `infra/images.lock`: the digest of every published image, looked up where its registry can be reached.
//!
//! A tag can be moved by who publishes it, a digest cannot. Where no registry answers, the entry says so: a digest that
//! nobody has looked up would be worse than none.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bollard::{Docker, errors::Error};
use futures::future::join_all;

use super::{Images, recipe::Folder};
use crate::{
    failure::{Failure, IoContext as _, Kind},
    model::{Environment, ImageKind, ImageTag},
    runtime::docker::engine::in_words,
};

pub(crate) const FILE: &str = "infra/images.lock";

const NOT_LOCKED: &str = "not locked";
const HEADER: &str = "\
# Written by `cargo xtask images lock`: what each published image was when its registry was asked.
# \"not locked\" means that the registry could not be reached; nothing else than a lookup puts a digest here.
";

/// A registry that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(30);

/// Digest by image, none where it was never looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    entries: BTreeMap<String, Option<String>>,
}

/// What became of one image's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) image: String,
    /// Or why there is none.
    pub(crate) digest: Result<String, String>,
    /// It had another one before.
    pub(crate) moved: bool,
}

impl Lock {
    /// Empty when there is no such file.
    pub(crate) fn read(project: &Path) -> Result<Self, Failure> {
        let path = project.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            other => other.doing("read", &path)?,
        };
        Self::parse(&text).map_err(|why| {
            Failure::new(
                "images",
                Kind::ConfigRejected,
                format!("{FILE}: {why}"),
                "cargo xtask images lock",
            )
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: BTreeMap<String, String> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        let entry = |(image, digest): (String, String)| match digest.as_str() {
            NOT_LOCKED => Ok((image, None)),
            digest if is_digest(digest) => Ok((image, Some(digest.to_owned()))),
            other => Err(format!(
                "`{other}` is not a digest: expected sha256: and 64 hexadecimal digits, or \"{NOT_LOCKED}\""
            )),
        };
        Ok(Self {
            entries: table.into_iter().map(entry).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn text(&self) -> String {
        let lines = self.entries.iter().map(|(image, digest)| {
            format!(
                "\"{image}\" = \"{}\"\n",
                digest.as_deref().unwrap_or(NOT_LOCKED)
            )
        });
        HEADER.to_owned() + &lines.collect::<String>()
    }

    pub(super) fn digest(&self, tag: &ImageTag) -> Option<&str> {
        self.entries.get(&tag.to_string())?.as_deref()
    }

    /// The image by digest where it is known, else as it was.
    pub(crate) fn pinned(&self, image: &str) -> String {
        match (self.entries.get(image), image.rsplit_once(':')) {
            (Some(Some(digest)), Some((repository, _))) => format!("{repository}@{digest}"),
            _ => image.to_owned(),
        }
    }

    /// What people should know of the images that are used.
    pub(super) fn warnings(kind: ImageKind, images: &Images) -> Vec<String> {
        if kind != ImageKind::Upstream {
            return Vec::new();
        }
        let open: BTreeSet<&str> = images
            .by_unit
            .values()
            .filter(|image| image.kind.is_some() && image.digest.is_none())
            .map(|image| image.reference.as_str())
            .collect();
        if open.is_empty() {
            return Vec::new();
        }
        let open: Vec<&str> = open.into_iter().collect();
        vec![format!(
            "not locked to a digest, so a tag that is moved goes unnoticed: {} (cargo xtask images lock)",
            open.join(", ")
        )]
    }

    /// The lock with exactly these images: digests that are known stay, what is no longer used goes.
    pub(crate) fn with(mut self, images: &BTreeSet<String>) -> Self {
        self.entries.retain(|image, _| images.contains(image));
        for image in images {
            self.entries.entry(image.clone()).or_default();
        }
        self
    }

    /// Asks the registries, through the engine.
    pub(crate) async fn look_up(&mut self, engine: &Docker) -> Vec<Looked> {
        let images: Vec<String> = self.entries.keys().cloned().collect();
        let asked = images.iter().map(|image| digest(engine, image));
        let answers = join_all(asked).await;
        let mut looked = Vec::new();
        for (image, digest) in images.into_iter().zip(answers) {
            let entry = self.entries.entry(image.clone()).or_default();
            let moved = matches!((&*entry, &digest), (Some(old), Ok(new)) if old != new);
            if let Ok(digest) = &digest {
                *entry = Some(digest.clone());
            }
            looked.push(Looked {
                image,
                digest,
                moved,
            });
        }
        looked
    }

    pub(crate) fn write(&self, project: &Path) -> Result<PathBuf, Failure> {
        let path = project.join(FILE);
        fs::write(&path, self.text()).doing("write", &path)?;
        Ok(path)
    }
}

/// Every published image that the project names: of components and jobs, and what our own builds begin with.
pub(crate) fn wanted(
    environment: &Environment,
    project: &Path,
) -> Result<BTreeSet<String>, Failure> {
    let stack = &environment.stack;
    let components = stack.components.values().map(|component| &component.image);
    let jobs = stack.jobs.values().map(|job| &job.image);
    let mut wanted: BTreeSet<String> = components
        .chain(jobs)
        .flatten()
        .filter_map(|image| image.upstream.as_ref())
        .map(ToString::to_string)
        .collect();
    for (folder, argument) in [("base", "BASE"), ("source", "RUST")] {
        let folder = Folder::read(project, folder)?;
        wanted.extend(folder.default_of(argument).map(str::to_owned));
    }
    Ok(wanted)
}

async fn digest(engine: &Docker, image: &str) -> Result<String, String> {
    let asked = engine.inspect_registry_image(image, None);
    let answer = tokio::time::timeout(PATIENCE, asked)
        .await
        .map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))?
        .map_err(|error| reason(&error))?;
    match answer.descriptor.digest {
        Some(digest) if is_digest(&digest) => Ok(digest),
        other => Err(format!(
            "the registry's answer holds no digest: {}",
            other.unwrap_or_default()
        )),
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Why a registry did not give an image, without the address that the engine puts before it.
pub(super) fn reason(error: &Error) -> String {
    let words = in_words(error);
    match words.split_once("\": ") {
        Some((request, why)) if request.contains(" \"http") || request.starts_with("Get") => {
            why.to_owned()
        }
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn images<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn what_is_written_can_be_read() {
        let text = format!("\"nats:2.10\" = \"{NOT_LOCKED}\"\n\"postgres:15.1\" = \"{DIGEST}\"\n");
        let lock = Lock::parse(&text).expect("a lock");
        assert_eq!(lock.text(), format!("{HEADER}{text}"));
        assert_eq!(Lock::parse(&lock.text()), Ok(lock));
    }

    #[test]
    fn something_that_is_no_digest_is_not_taken_for_one() {
        for digest in ["latest", "sha256:12", &DIGEST.to_uppercase(), "locked"] {
            let error =
                Lock::parse(&format!("\"nats:2.10\" = \"{digest}\"")).expect_err("no digest");
            assert!(error.contains("not a digest"), "{error}");
        }
    }

    #[test]
    fn a_known_digest_stays_and_a_new_image_is_not_locked() {
        let lock = Lock::parse(&format!(
            "\"old:1.0\" = \"{DIGEST}\"\n\"postgres:15.1\" = \"{DIGEST}\""
        ))
        .expect("a lock")
        .with(&images(["postgres:15.1", "nats:2.10"]));
        assert_eq!(
            lock.text(),
            format!("{HEADER}\"nats:2.10\" = \"{NOT_LOCKED}\"\n\"postgres:15.1\" = \"{DIGEST}\"\n")
        );
        assert_eq!(lock.pinned("postgres:15.1"), format!("postgres@{DIGEST}"));
        assert_eq!(lock.pinned("nats:2.10"), "nats:2.10");
    }
}
