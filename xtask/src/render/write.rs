//! Puts rendered files in place: each whole or not at all, unchanged ones untouched, unwanted ones removed.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::RenderedUnit;

/// What changed on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Targets that were written or written anew.
    pub(crate) changed: BTreeSet<String>,
    /// Paths under the directory that were removed.
    pub(crate) removed: BTreeSet<String>,
}

/// A file that could not be written or removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub(crate) struct Error {
    pub(crate) action: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

/// Makes `directory` hold exactly the unit's files. They can be read by every account, since a component may run
/// under its own and no secret is ever rendered.
pub(crate) fn unit(unit: &RenderedUnit, directory: &Path) -> Result<Written, Error> {
    let mut written = Written::default();
    create_directory(directory)?;
    for (target, file) in &unit.files {
        let path = directory.join(target);
        if fs::read(&path).is_ok_and(|present| present == file.content.as_bytes()) {
            continue;
        }
        create_directory(path.parent().unwrap_or(directory))?;
        replace(&path, &file.content)?;
        written.changed.insert(target.clone());
    }
    let wanted: BTreeSet<PathBuf> = unit
        .files
        .keys()
        .map(|target| directory.join(target))
        .collect();
    remove_unwanted(directory, directory, &wanted, &mut written)?;
    Ok(written)
}

/// A reader sees the old content or the new one, never a half.
fn replace(path: &Path, content: &str) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&partial)?;
        io::Write::write_all(&mut file, content.as_bytes())?;
        // The umask must not shut out the component's account.
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        file.sync_all()
    };
    write().map_err(|source| Error {
        action: "write",
        path: partial.clone(),
        source,
    })?;
    fs::rename(&partial, path).map_err(|source| Error {
        action: "replace",
        path: path.into(),
        source,
    })
}

fn create_directory(directory: &Path) -> Result<(), Error> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(directory);
    made.map_err(|source| Error {
        action: "create",
        path: directory.into(),
        source,
    })
}

fn remove_unwanted(
    root: &Path,
    directory: &Path,
    wanted: &BTreeSet<PathBuf>,
    written: &mut Written,
) -> Result<(), Error> {
    let entries = fs::read_dir(directory).map_err(|source| Error {
        action: "list",
        path: directory.into(),
        source,
    })?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let is_directory = path
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_dir());
        let removed = if wanted.contains(&path) {
            continue;
        } else if !is_directory {
            fs::remove_file(&path)
        } else if wanted.iter().any(|file| file.starts_with(&path)) {
            remove_unwanted(root, &path, wanted, written)?;
            continue;
        } else {
            fs::remove_dir_all(&path)
        };
        removed.map_err(|source| Error {
            action: "remove",
            path: path.clone(),
            source,
        })?;
        written.removed.insert(
            path.strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string(),
        );
    }
    Ok(())
}
