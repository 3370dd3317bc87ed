//! This very program, run as a person runs it: in a process of its own, its events read.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::process::Command;

use crate::{
    events::{Event, Line},
    failure::{Failure, IoContext as _, Kind},
    session::Session,
};

/// One run of the toolkit.
pub(crate) struct Run {
    pub(crate) took: Duration,
    pub(crate) events: Vec<Event>,
    status: ExitStatus,
}

/// Runs it in this session's home or another one. The failure is the one that it tells.
pub(crate) async fn toolkit(
    session: &Session,
    home: Option<&Path>,
    arguments: &[&str],
) -> Result<Run, Failure> {
    let run = whatever(session, home, arguments).await?;
    if run.status.success() {
        return Ok(run);
    }
    let detail = format!("`{}` ends with {}", arguments.join(" "), run.status);
    let told = run.events.into_iter().find_map(|event| match event {
        Event::Failure(failure) => Some(failure),
        _ => None,
    });
    Err(told.unwrap_or_else(|| {
        Failure::new(
            "toolkit",
            Kind::Supervisor,
            detail,
            session.command("status"),
        )
    }))
}

/// As [`toolkit`], and however it ends.
pub(crate) async fn whatever(
    session: &Session,
    home: Option<&Path>,
    arguments: &[&str],
) -> Result<Run, Failure> {
    // By what runs, not by its path: a build may have put another file there.
    let mut command = Command::new("/proc/self/exe");
    command
        .args(arguments)
        .args([
            "--json",
            "--yes",
            "--env",
            session.environment.name.as_str(),
            "--project",
        ])
        .arg(&session.paths.project);
    command
        .arg("--home")
        .arg(home.map_or_else(|| root_of(session), Path::to_owned));
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let started = Instant::now();
    let output = command.output().await.map_err(Failure::from)?;
    let took = started.elapsed();
    let lines = String::from_utf8_lossy(&output.stdout);
    let events = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .map(|line| line.event)
        .collect();
    Ok(Run {
        took,
        events,
        status: output.status,
    })
}

/// A home beside this session's own, where the same accounts can reach it, for a platform that lives for one measurement.
pub(crate) fn home_beside(session: &Session, name: &str) -> PathBuf {
    root_of(session).join(format!("{name}-{}", std::process::id()))
}

/// Ends what runs in such a home, and leaves nothing of it; where it cannot be ended, the home stays, so that one can look.
pub(crate) async fn clear(session: &Session, home: &Path) -> Result<(), Failure> {
    toolkit(session, Some(home), &["down", "--volumes"]).await?;
    if home.exists() {
        fs::remove_dir_all(home).doing("remove", home)?;
    }
    Ok(())
}

/// What `--home` must say for this session's own home.
fn root_of(session: &Session) -> PathBuf {
    session
        .paths
        .home
        .parent()
        .unwrap_or(&session.paths.home)
        .to_owned()
}
