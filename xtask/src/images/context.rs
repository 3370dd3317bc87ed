//! A build's context as a tar archive: the same files give the same bytes, whoever owns them and whenever they changed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use tar::{Builder, EntryType, Header};

use super::recipe::{Context, Recipe};
use crate::{
    failure::{Failure, IoContext as _},
    packages,
};

/// What a build from source needs of the project; of the toolkit only what cargo must see to read the workspace.
pub(super) const SOURCES: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "services",
    "minio-init",
    "xtask/Cargo.toml",
    "xtask/src/main.rs",
];

/// Writes the archive into `target`.
pub(super) fn write(recipe: &Recipe, target: &Path) -> Result<(), Failure> {
    let file = File::create(target).doing("create", target)?;
    let mut archive = Builder::new(std::io::BufWriter::new(file));
    append(
        &mut archive,
        "Dockerfile",
        recipe.dockerfile.len() as u64,
        0o644,
        recipe.dockerfile.as_bytes(),
    )
    .doing("write", target)?;
    match &recipe.context {
        Context::Files(files) => {
            for (name, path) in files {
                append_file(&mut archive, name, path, 0o644)?;
            }
        }
        Context::Program(program) => {
            let stripped = stripped(program)?;
            let path = stripped
                .as_ref()
                .map_or(program.as_path(), |file| file.path());
            append_file(&mut archive, "program", path, 0o755)?;
        }
        Context::Sources(project) => {
            for (name, path) in sources(project) {
                append_file(&mut archive, &name, &path, 0o644)?;
            }
        }
    }
    let mut writer = archive.into_inner().doing("write", target)?;
    writer.flush().doing("write", target)
}

/// The project's files that a build from source needs, by path from the root.
pub(super) fn sources(project: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for source in SOURCES {
        collect(project, &project.join(source), &mut found);
    }
    found
}

fn collect(project: &Path, path: &Path, found: &mut BTreeMap<String, PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            collect(project, &entry.path(), found);
        }
    } else if path.is_file()
        && let Ok(name) = path.strip_prefix(project)
    {
        found.insert(name.to_string_lossy().into_owned(), path.to_owned());
    }
}

/// A copy without what only debuggers read: nine tenths of a program that was built for tests. None where there is no
/// `strip`, or it cannot read the program: then the whole of it goes into the image.
fn stripped(program: &Path) -> Result<Option<tempfile::NamedTempFile>, Failure> {
    let Some(strip) = packages::find_program("strip", &[]) else {
        return Ok(None);
    };
    let copy = tempfile::NamedTempFile::new()?;
    let output = Command::new(strip)
        .args(["--strip-debug", "-o"])
        .arg(copy.path())
        .arg(program)
        .output()
        .doing("run strip on", program)?;
    Ok(output.status.success().then_some(copy))
}

fn append_file<W: std::io::Write>(
    archive: &mut Builder<W>,
    name: &str,
    path: &Path,
    mode: u32,
) -> Result<(), Failure> {
    let file = File::open(path).doing("read", path)?;
    let size = file.metadata().doing("read", path)?.len();
    append(archive, name, size, mode, file).doing("pack", path)
}

fn append<W: std::io::Write>(
    archive: &mut Builder<W>,
    name: &str,
    size: u64,
    mode: u32,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive.append_data(&mut header, name, content)
}
