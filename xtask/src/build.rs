//! Builds our own packages with cargo, and only when their sources have changed since the last build: cargo itself
//! takes longer to find that nothing is to be done than a whole `up` may take.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::UNIX_EPOCH,
};

use crate::{
    digest,
    failure::{Failure, IoContext as _, Kind},
    model::{BuildProfile, Environment, Name, Unit},
    paths,
    reporter::{Reporter, talk},
};

/// What our own packages are made from, beside the root manifest and lock file.
const SOURCES: [&str; 3] = ["services", "minio-init", ".cargo"];

/// Cargo and its output folder.
#[derive(Debug, Clone)]
pub(crate) struct Cargo {
    pub(crate) program: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) workspace: PathBuf,
}

/// Whether every binary of these components and jobs has been built before.
pub(crate) fn is_complete(
    cargo: &Cargo,
    environment: &Environment,
    selected: &BTreeSet<Name>,
) -> bool {
    binaries(environment, selected)
        .iter()
        .all(|name| paths::binary(&cargo.target, environment.build, name).exists())
}

/// Builds the binaries of these components and jobs.
pub(crate) fn ensure(
    cargo: &Cargo,
    environment: &Environment,
    selected: &BTreeSet<Name>,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let binaries = binaries(environment, selected);
    if binaries.is_empty() {
        return Ok(());
    }
    let stamp = stamp(cargo, environment.build);
    let sources = fingerprint(&cargo.workspace, &binaries);
    let complete = is_complete(cargo, environment, selected);
    if complete && fs::read_to_string(&stamp).ok().as_deref() == Some(sources.as_str()) {
        return Ok(());
    }
    if !complete {
        reporter.note(format!(
            "building {}: a few minutes the first time",
            list(&binaries)
        ));
    }
    run(cargo, environment.build, &binaries, reporter)?;
    fs::write(&stamp, sources).doing("write", &stamp)
}

/// Notes that a build of the whole workspace in the environment's profile has just made all of its binaries: alone they would be
/// compiled once more, because their dependencies then have fewer features.
pub(crate) fn note_built(
    cargo: &Cargo,
    environment: &Environment,
    selected: &BTreeSet<Name>,
) -> Result<(), Failure> {
    let stamp = stamp(cargo, environment.build);
    let sources = fingerprint(&cargo.workspace, &binaries(environment, selected));
    fs::write(&stamp, sources).doing("write", &stamp)
}

/// Remembers from which sources the binaries are.
fn stamp(cargo: &Cargo, build: BuildProfile) -> PathBuf {
    cargo
        .target
        .join(format!("argosy-{}.stamp", profile(build)))
}

/// The names of our own packages among these components and jobs.
fn binaries(environment: &Environment, selected: &BTreeSet<Name>) -> BTreeSet<String> {
    let binary = |name: &Name| match environment.unit(name)? {
        Unit::Component(component) => component.binary.clone(),
        Unit::Job(job) => job.binary.clone().or_else(|| {
            environment
                .stack
                .components
                .get(job.of.as_ref()?)?
                .binary
                .clone()
        }),
    };
    selected
        .iter()
        .filter_map(binary)
        .map(|name| name.to_string())
        .collect()
}

fn profile(build: BuildProfile) -> &'static str {
    match build {
        BuildProfile::Dev => "dev",
        BuildProfile::Release => "release",
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn run(
    cargo: &Cargo,
    build: BuildProfile,
    binaries: &BTreeSet<String>,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let mut command = Command::new(&cargo.program);
    crate::quality::cargo::as_from_a_shell(&mut command);
    command
        .current_dir(&cargo.workspace)
        .args(["build", "--profile", profile(build)]);
    command.args(binaries.iter().flat_map(|name| ["--package", name]));
    command
        .env("CARGO_TARGET_DIR", &cargo.target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if !reporter.is_json() && std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        // cargo draws its own progress bar on a terminal; a compile error is then on the screen already.
        reporter.quiet();
        command.stderr(Stdio::inherit());
    }
    let failed = |detail: String, tail: Vec<String>| {
        Failure::new(
            "toolkit",
            Kind::BuildFailed,
            detail,
            format!("cargo build --profile {}", profile(build)),
        )
        .with_log_tail(tail)
    };
    let mut child = command
        .spawn()
        .map_err(|error| failed(format!("{}: {error}", cargo.program.display()), Vec::new()))?;
    let mut lines = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if !reporter.is_json() && line.trim_start().starts_with("Compiling") {
                talk(&line);
            }
            lines.push(line);
        }
    }
    let status = child
        .wait()
        .map_err(|error| failed(error.to_string(), Vec::new()))?;
    if status.success() {
        return Ok(());
    }
    let errors: Vec<String> = lines
        .into_iter()
        .skip_while(|line| !line.starts_with("error"))
        .take(20)
        .collect();
    Err(failed(
        format!("cargo could not build {}", list(binaries)),
        errors,
    ))
}

/// Digest of path, size and time of change of every source file.
fn fingerprint(workspace: &Path, binaries: &BTreeSet<String>) -> String {
    let mut files = vec![workspace.join("Cargo.toml"), workspace.join("Cargo.lock")];
    for folder in SOURCES {
        collect(&workspace.join(folder), &mut files);
    }
    files.sort();
    let described = files.iter().map(|path| describe(path));
    let parts: Vec<String> = binaries.iter().cloned().chain(described).collect();
    digest::of_parts(parts.iter().map(String::as_str))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), files),
            Ok(_) => files.push(entry.path()),
            Err(_) => {}
        }
    }
}

fn describe(path: &Path) -> String {
    let metadata = path.metadata().ok();
    let modified = metadata
        .as_ref()
        .and_then(|metadata| metadata.modified().ok())
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!(
        "{} {} {}",
        path.display(),
        metadata.map_or(0, |metadata| metadata.len()),
        modified.map_or(0, |time| time.as_nanos())
    )
}
