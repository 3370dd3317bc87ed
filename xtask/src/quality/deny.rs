//! cargo-deny: licences, banned crates and sources of the dependencies always; advisories where their database answers.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::cargo;
use crate::{build::Cargo, packages};

/// Raised by hand: a newer one may know other licences and keys of `deny.toml`.
const VERSION: &str = "0.20.2";

/// What the advisories had to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Advisories {
    Good,
    /// Their database could not be fetched; the reason.
    NotChecked(String),
}

/// How many dependencies there are, so that growth is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockedPackages {
    pub(crate) packages: usize,
    /// Crates that are there in more than one version.
    pub(crate) doubled: usize,
}

/// Finds cargo-deny of the right version, or installs it under the target folder: about a minute, unoptimised, which is
/// less than the optimised build would take, and its work is done in a second either way.
pub(crate) async fn ensure(cargo: &Cargo) -> Result<PathBuf> {
    let root = cargo.target.join("tools");
    let ours = root.join("bin/cargo-deny");
    for candidate in packages::find_program("cargo-deny", &[])
        .into_iter()
        .chain([ours.clone()])
    {
        if version(&candidate).await.as_deref() == Some(VERSION) {
            return Ok(candidate);
        }
    }
    let mut install = cargo::command(
        cargo,
        &[
            "install",
            "--locked",
            "--debug",
            "--quiet",
            "--no-track",
            "--force",
        ],
    );
    install
        .args(["cargo-deny", "--version", VERSION, "--root"])
        .arg(&root);
    // Its own temporary folder: its dependencies have other features than ours.
    install
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_INCREMENTAL", "false");
    let (succeeded, output) = output_of(&mut install).await?;
    if !succeeded {
        bail!("cargo-deny {VERSION} could not be installed:\n{output}");
    }
    Ok(ours)
}

async fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    String::from_utf8(output.stdout)
        .ok()?
        .trim()
        .strip_prefix("cargo-deny ")
        .map(str::to_owned)
}

/// Checks what does not need the network. The error is cargo-deny's own report.
pub(crate) async fn check(cargo: &Cargo, program: &Path) -> Result<()> {
    let (succeeded, report) = deny(
        cargo,
        program,
        &[
            "--log-level",
            "error",
            "check",
            "licenses",
            "bans",
            "sources",
        ],
    )
    .await?;
    if !succeeded {
        bail!("{report}");
    }
    Ok(())
}

pub(crate) async fn check_advisories(cargo: &Cargo, program: &Path) -> Result<Advisories> {
    let (fetched, report) = deny(cargo, program, &["fetch", "db"]).await?;
    if !fetched {
        let last = report
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no reason given");
        return Ok(Advisories::NotChecked(last.trim().to_owned()));
    }
    let (succeeded, report) = deny(
        cargo,
        program,
        &[
            "--log-level",
            "error",
            "check",
            "--disable-fetch",
            "advisories",
        ],
    )
    .await?;
    if !succeeded {
        bail!("{report}");
    }
    Ok(Advisories::Good)
}

async fn deny(cargo: &Cargo, program: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let mut command = Command::new(program);
    command
        .args(["--color", "never"])
        .args(arguments)
        .current_dir(&cargo.workspace)
        .env("CARGO", &cargo.program);
    // git would ask for a name and a password where a page of a proxy answers.
    command.env("GIT_TERMINAL_PROMPT", "0");
    cargo::as_from_a_shell(command.as_std_mut());
    output_of(&mut command).await
}

async fn output_of(command: &mut Command) -> Result<(bool, String)> {
    let mut lines = Vec::new();
    let status = cargo::run(command, |line| lines.push(line.to_owned())).await;
    let status = status
        .with_context(|| format!("cannot run {}", command.as_std().get_program().display()))?;
    Ok((status.success(), lines.join("\n")))
}

/// Counts the packages of the lock file.
pub(crate) fn locked_packages(workspace: &Path) -> Result<LockedPackages> {
    let path = workspace.join("Cargo.lock");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(count(&text))
}

fn count(lock: &str) -> LockedPackages {
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for name in lock.lines().filter_map(|line| line.strip_prefix("name = ")) {
        *versions.entry(name).or_default() += 1;
    }
    LockedPackages {
        packages: versions.values().sum(),
        doubled: versions.values().filter(|count| **count > 1).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_their_doubles_are_counted() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"b\"\n[[package]]\nname = \"b\"\n";
        assert_eq!(
            count(lock),
            LockedPackages {
                packages: 3,
                doubled: 1
            }
        );
    }
}
