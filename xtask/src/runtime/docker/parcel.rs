//! What is put into a container's volumes before it starts, as the archive that the engine takes. By content, so that
//! the engine can be on another machine; into volumes, because the container's own root cannot be written to.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use tar::{Archive, Builder, EntryType, Header};

use super::places::{CONFIG, DATA, SECRETS};
use crate::{digest, plan::Inputs};

/// Beside the files: the inputs in force since the last reload.
const APPLIED: &str = ".applied.json";

/// An archive in the making. Writing to memory cannot fail, so a failure is a bug.
struct Parcel {
    builder: Builder<Vec<u8>>,
}

impl Parcel {
    fn new() -> Self {
        Self {
            builder: Builder::new(Vec::new()),
        }
    }

    fn folder(&mut self, path: &str, mode: u32, owner: u32) {
        self.entry(&format!("{path}/"), EntryType::Directory, mode, owner, b"");
    }

    fn file(&mut self, path: &str, mode: u32, owner: u32, content: &[u8]) {
        self.entry(path, EntryType::Regular, mode, owner, content);
    }

    fn entry(&mut self, path: &str, kind: EntryType, mode: u32, owner: u32, content: &[u8]) {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner.into());
        header.set_gid(owner.into());
        header.set_size(content.len() as u64);
        self.builder
            .append_data(&mut header, path, content)
            .expect("BUG: an archive in memory can be written");
    }

    fn done(self) -> Vec<u8> {
        self.builder
            .into_inner()
            .expect("BUG: an archive in memory can be written")
    }
}

/// Configuration that everybody may read and nobody may change, secrets that only the container's user can read.
pub(crate) fn files(
    files: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Vec<u8>>,
    user: u32,
) -> Vec<u8> {
    let mut parcel = Parcel::new();
    put_config(&mut parcel, files);
    parcel.folder(SECRETS, 0o755, 0);
    for (name, content) in secrets {
        parcel.file(&format!("{SECRETS}/{name}"), 0o400, user, content);
    }
    parcel.done()
}

/// The configuration alone, for what runs already.
pub(crate) fn config(files: &BTreeMap<String, String>) -> Vec<u8> {
    let mut parcel = Parcel::new();
    put_config(&mut parcel, files);
    parcel.done()
}

fn put_config(parcel: &mut Parcel, files: &BTreeMap<String, String>) {
    parcel.folder(CONFIG, 0o755, 0);
    let mut folders: Vec<PathBuf> = files
        .keys()
        .flat_map(|target| {
            PathBuf::from(target)
                .ancestors()
                .skip(1)
                .map(PathBuf::from)
                .collect::<Vec<_>>()
        })
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    folders.sort();
    folders.dedup();
    for folder in folders {
        parcel.folder(&format!("{CONFIG}/{}", folder.display()), 0o755, 0);
    }
    for (target, content) in files {
        parcel.file(&format!("{CONFIG}/{target}"), 0o644, 0, content.as_bytes());
    }
}

/// The note of what is in force now.
pub(crate) fn applied(inputs: &Inputs) -> Vec<u8> {
    let mut parcel = Parcel::new();
    let note = serde_json::to_vec(inputs).expect("BUG: inputs are texts");
    parcel.file(&format!("{CONFIG}/{APPLIED}"), 0o644, 0, &note);
    parcel.done()
}

/// The folder for the component's data, the container user's own.
pub(crate) fn data(user: u32) -> Vec<u8> {
    let mut parcel = Parcel::new();
    parcel.folder(DATA, 0o700, user);
    parcel.done()
}

/// What lies in a container's configuration folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Unpacked {
    /// Digest by `file:<target>`.
    pub(crate) files: Inputs,
    /// What the last reload has noted.
    pub(crate) applied: Option<Inputs>,
}

impl Unpacked {
    fn add(&mut self, target: &str, content: &[u8]) {
        if target == APPLIED {
            self.applied = serde_json::from_slice(content).ok();
        } else {
            let input = format!("file:{target}");
            self.files.insert(input, digest::of(content));
        }
    }
}

/// Reads the archive of the configuration folder.
pub(crate) fn unpack(archive: &[u8]) -> std::io::Result<Unpacked> {
    let mut unpacked = Unpacked::default();
    for entry in Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let path = entry.path()?.display().to_string();
        let target = path
            .strip_prefix(CONFIG)
            .unwrap_or(&path)
            .trim_start_matches('/')
            .to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        unpacked.add(&target, &content);
    }
    Ok(unpacked)
}

/// The same of the folder itself; none when it is not here or not ours to read.
pub(crate) fn lying_in(folder: &Path) -> Option<Unpacked> {
    let mut unpacked = Unpacked::default();
    let mut below = vec![PathBuf::new()];
    while let Some(path) = below.pop() {
        for entry in fs::read_dir(folder.join(&path)).ok()? {
            let entry = entry.ok()?;
            let target = path.join(entry.file_name());
            // No link is followed: it would lead to this machine's files.
            let kind = entry.file_type().ok()?;
            if kind.is_dir() {
                below.push(target);
            } else if kind.is_file() {
                let content = fs::read(entry.path()).ok()?;
                unpacked.add(&target.display().to_string(), &content);
            }
        }
    }
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("prometheus.yml".to_owned(), "a".to_owned()),
            ("rules/platform.yml".to_owned(), "b".to_owned()),
        ])
    }

    #[test]
    fn what_is_packed_is_found_again() {
        let unpacked = unpack(&config(&rules())).unwrap();
        assert_eq!(unpacked.files["file:rules/platform.yml"], digest::of("b"));
        assert_eq!((unpacked.files.len(), unpacked.applied), (2, None));
        let inputs = Inputs::from([("args".to_owned(), "1".to_owned())]);
        assert_eq!(unpack(&applied(&inputs)).unwrap().applied, Some(inputs));
    }

    /// Read where it lies and as the engine hands it out, it is the same.
    #[test]
    fn a_folder_is_read_like_its_archive_and_links_are_passed_over() {
        let volume = tempfile::tempdir().unwrap();
        let parcels = [config(&rules()), applied(&Inputs::new())];
        for parcel in &parcels {
            Archive::new(parcel.as_slice()).unpack(&volume).unwrap();
        }
        let folder = volume.path().join(CONFIG);
        std::os::unix::fs::symlink("/etc/hostname", folder.join("link")).unwrap();
        let expected = Unpacked {
            applied: Some(Inputs::new()),
            ..unpack(&parcels[0]).unwrap()
        };
        assert_eq!(lying_in(&folder), Some(expected));
        assert_eq!(lying_in(&volume.path().join("absent")), None);
    }

    #[test]
    fn secrets_belong_to_the_user_alone_and_configuration_to_nobody() {
        let secrets = BTreeMap::from([("postgres".to_owned(), b"secret".to_vec())]);
        let parcel = files(&rules(), &secrets, 70);
        let mut archive = Archive::new(parcel.as_slice());
        let found: BTreeMap<String, (u32, u64)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                let path = entry.path().unwrap().display().to_string();
                (path, (header.mode().unwrap(), header.uid().unwrap()))
            })
            .collect();
        assert_eq!(found["secrets/postgres"], (0o400, 70));
        assert_eq!(found["config/prometheus.yml"], (0o644, 0));
        assert_eq!(found["config/rules/"], (0o755, 0));
    }
}
