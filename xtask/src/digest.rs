//! Digests of inputs: the first 16 hexadecimal digits of SHA-256, enough to tell two versions apart and short enough
//! to read aloud.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

pub(crate) fn of(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(&Sha256::digest(bytes.as_ref())[..8])
}

/// Of several parts, each with its length, so that `["a", "b"]` and `["ab"]` differ.
pub(crate) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(&hasher.finalize()[..8])
}

/// Of a whole map of inputs.
pub(crate) fn of_inputs(inputs: &crate::plan::Inputs) -> String {
    of_parts(
        inputs
            .iter()
            .flat_map(|(name, digest)| [name.as_str(), digest.as_str()]),
    )
}

/// Digests of files by content, remembered by path, size, time of change and inode, so that a program of 100 MB is
/// read once and not at every `up`.
pub(crate) struct FileDigests {
    path: PathBuf,
    known: BTreeMap<String, String>,
    used: BTreeMap<String, String>,
}

impl FileDigests {
    /// What is remembered at `path`; nothing when there is nothing, or nothing readable.
    pub(crate) fn open(path: &Path) -> Self {
        let known = fs::read(path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self {
            path: path.to_owned(),
            known,
            used: BTreeMap::new(),
        }
    }

    /// `absent` when it cannot be read.
    pub(crate) fn of_file(&mut self, path: &Path) -> String {
        let Ok(metadata) = path.metadata() else {
            return "absent".into();
        };
        let key = format!(
            "{} {} {}.{} {}",
            path.display(),
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino()
        );
        let digest = self
            .known
            .get(&key)
            .cloned()
            .unwrap_or_else(|| fs::read(path).map_or_else(|_| "absent".into(), of));
        self.used.insert(key, digest.clone());
        digest
    }

    /// Of a file, or of every file below a folder with its path.
    pub(crate) fn of_tree(&mut self, path: &Path) -> String {
        let mut files = Vec::new();
        collect(path, &mut files);
        files.sort();
        let parts: Vec<String> = files
            .iter()
            .map(|file| {
                let name = file
                    .strip_prefix(path)
                    .unwrap_or(file)
                    .display()
                    .to_string();
                format!("{name} {}", self.of_file(file))
            })
            .collect();
        of_parts(parts.iter().map(String::as_str))
    }

    /// Remembers what was used. A failure costs time at the next run and nothing else.
    pub(crate) fn keep(self) {
        if self.used != self.known
            && let Ok(text) = serde_json::to_vec(&self.used)
        {
            let _ = fs::write(&self.path, text);
        }
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            collect(&entry.path(), files);
        }
    } else {
        files.push(path.to_owned());
    }
}
