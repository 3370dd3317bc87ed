//! Debian packages: which are missing, and how they are installed.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    failure::{Failure, Kind},
    reporter::{Reporter, talk},
};

/// Whether a person is asked before anything is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Asked on a terminal; without one, installed.
    Ask,
    Given,
}

const FALLBACK_FOLDERS: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/sbin"];

/// Finds a program on PATH, in the system's folders, then in `search` (folders with `*` for any one name, the greatest
/// match first).
pub(crate) fn find_program(program: &str, search: &[String]) -> Option<PathBuf> {
    let searched = search.iter().flat_map(|pattern| expand(pattern));
    find_in(folders().into_iter().chain(searched), program)
}

/// A program of PostgreSQL: the newest in Debian's own folders, else the one on PATH. Debian's clients on PATH are a Perl program
/// that starts the former and takes four times as long.
pub(crate) fn find_postgres_program(program: &str) -> Option<PathBuf> {
    find_in(expand("/usr/lib/postgresql/*/bin"), program).or_else(|| find_program(program, &[]))
}

fn find_in(folders: impl IntoIterator<Item = PathBuf>, program: &str) -> Option<PathBuf> {
    let mut candidates = folders.into_iter().map(|folder| folder.join(program));
    candidates.find(|candidate| is_executable(candidate))
}

/// PATH, then the system's folders that an ordinary account's PATH leaves out.
pub(crate) fn folders() -> Vec<PathBuf> {
    let on_path: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    on_path
        .into_iter()
        .chain(FALLBACK_FOLDERS.map(PathBuf::from))
        .collect()
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// `/usr/lib/postgresql/*/bin` → every such folder, the greatest name first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let mut names: Vec<PathBuf> = std::fs::read_dir(before)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    names.sort_by_key(|path| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        (name.parse::<u32>().unwrap_or(0), name)
    });
    names.reverse();
    names
        .into_iter()
        .map(|path| PathBuf::from(format!("{}{after}", path.display())))
        .collect()
}

/// Those of `packages` that are not installed.
pub(crate) fn missing(packages: &BTreeSet<String>) -> Vec<String> {
    let installed = |package: &String| {
        let output = Command::new("dpkg-query")
            .args(["-W", "-f", "${db:Status-Status}", package])
            .stderr(Stdio::null())
            .output();
        output.is_ok_and(|output| output.status.success() && output.stdout == b"installed")
    };
    packages
        .iter()
        .filter(|package| !installed(package))
        .cloned()
        .collect()
}

/// The command that a person would type.
pub(crate) fn install_command(packages: &[String]) -> String {
    let sudo = if rustix::process::geteuid().is_root() {
        ""
    } else {
        "sudo "
    };
    format!(
        "{sudo}apt-get install --yes --no-install-recommends {}",
        packages.join(" ")
    )
}

/// Installs what is missing of `packages`.
pub(crate) fn ensure(
    packages: &BTreeSet<String>,
    consent: Consent,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    if find_program("apt-get", &[]).is_none() {
        let detail = format!("not installed: {}", missing.join(", "));
        let hint = "install these programs with your system's package manager, then run the same command again";
        return Err(Failure::new("machine", Kind::PackageMissing, detail, hint));
    }
    reporter.note(format!("not installed: {}", missing.join(", ")));
    if consent == Consent::Ask && std::io::stdin().is_terminal() && !agreed(&missing) {
        let detail = format!("not installed: {}", missing.join(", "));
        return Err(Failure::new(
            "machine",
            Kind::PackageMissing,
            detail,
            install_command(&missing),
        ));
    }
    install(&missing, reporter)
}

fn agreed(missing: &[String]) -> bool {
    talk(&format!("run `{}`? [Y/n]", install_command(missing)));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok_and(|bytes| bytes > 0)
        && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

fn install(missing: &[String], reporter: &Reporter) -> Result<(), Failure> {
    let guard = NoAutostart::engage();
    let install: Vec<&str> = ["apt-get", "install", "--yes", "--no-install-recommends"]
        .into_iter()
        .chain(missing.iter().map(String::as_str))
        .collect();
    reporter.note(format!("installing {}", missing.join(", ")));
    // The package lists of a fresh machine are absent or too old to know these versions.
    let updated = run_as_root(&["apt-get", "update", "--quiet"]);
    let installed = run_as_root(&install);
    drop(guard);
    match installed {
        Ok(()) => Ok(()),
        Err(log) => {
            let detail = match updated {
                Ok(()) => "apt-get could not install the packages".to_owned(),
                Err(_) => {
                    "apt-get could not read the package lists, nor install the packages".to_owned()
                }
            };
            let tail = log
                .lines()
                .rev()
                .take(12)
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            Err(Failure::new(
                "machine",
                Kind::InstallFailed,
                detail,
                install_command(missing),
            )
            .with_log_tail(tail))
        }
    }
}

/// Runs a command as root; its whole output is the error.
pub(crate) fn run_as_root(command: &[&str]) -> Result<(), String> {
    let sudo: &[&str] = match (
        rustix::process::geteuid().is_root(),
        std::io::stdin().is_terminal(),
    ) {
        (true, _) => &[],
        // sudo asks for the password on the terminal itself.
        (false, true) => &["sudo"],
        (false, false) => &["sudo", "--non-interactive"],
    };
    let full = [sudo, command].concat();
    let output = Command::new(full[0])
        .args(&full[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", full[0]))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Keeps Debian's packages from starting servers of their own: ours run on their own ports and data. The policy file
/// is Debian's documented way (invoke-rc.d(8)); one that is already there is left alone.
struct NoAutostart {
    engaged: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoAutostart {
    fn engage() -> Self {
        let script = format!(
            "test -e {POLICY} && exit 1; printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}"
        );
        Self {
            engaged: run_as_root(&["sh", "-c", &script]).is_ok(),
        }
    }
}

impl Drop for NoAutostart {
    fn drop(&mut self) {
        if self.engaged
            && let Err(log) = run_as_root(&["rm", "-f", POLICY])
        {
            talk(&format!("could not remove {POLICY}: {log}"));
        }
    }
}
