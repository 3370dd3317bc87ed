//! `status`: what runs, how it is, since when; with `--watch` every change as it comes.

mod docker;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;

use super::{converge::supervisor_failed, runtimes};
use crate::{
    cli::Status,
    digest,
    events::{ComponentStatus, Event, timestamp},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    reporter::{self, table},
    runtime::{
        chosen::Runtime,
        host::{
            LastRun,
            client::{Supervisor, Update},
            last_run,
            protocol::{HealthState, ProcessState, ProcessStatus},
        },
    },
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Status) -> Result<Exit, Failures> {
    if runtimes::current(session) == Runtime::Docker {
        return docker::run(session, args).await;
    }
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?;
    let processes = match &supervisor {
        Some(supervisor) => supervisor.status().await.map_err(supervisor_failed)?,
        None => Vec::new(),
    };
    let all = everything(session, &processes);
    show(session, &all);
    match supervisor {
        Some(supervisor) if args.watch => watch(session, &supervisor).await,
        Some(_) => Ok(Exit::Done),
        None => absent(session),
    }
}

/// What is wanted and what runs, whether or not it is both.
fn everything(session: &Session, processes: &[ProcessStatus]) -> Vec<ComponentStatus> {
    let wanted = session
        .environment
        .stack
        .components
        .keys()
        .map(|name| (name.to_string(), stopped(name.to_string())));
    let mut all: BTreeMap<String, ComponentStatus> = wanted.collect();
    all.extend(
        processes
            .iter()
            .map(|process| (process.name.clone(), component(process))),
    );
    all.into_values().collect()
}

fn absent(session: &Session) -> Result<Exit, Failures> {
    let up = session.command("up");
    if let Ok(LastRun::Died { pid, since, how }) = last_run(&session.paths) {
        let how = how.unwrap_or_else(|| "nobody saw how".into());
        let at = timestamp(since);
        let detail = format!(
            "the supervisor (pid {pid}) died at {at}: {how}; everything that it ran ended with it"
        );
        let hint = format!("{up}   (brings everything back, with its data)");
        return Err(Failure::new("toolkit", Kind::Supervisor, detail, hint).into());
    }
    session.reporter.note(format!("nothing runs: {up}"));
    Ok(Exit::Done)
}

fn show(session: &Session, all: &[ComponentStatus]) {
    if session.reporter.is_json() {
        for status in all {
            session.reporter.emit(Event::Component(status.clone()));
        }
        return;
    }
    let rows: Vec<[String; 7]> = all.iter().map(row).collect();
    let in_containers = all.iter().any(|status| status.runtime == "docker");
    session.reporter.print(&table(
        [
            "COMPONENT",
            "STATE",
            "HEALTH",
            if in_containers { "IMAGE" } else { "PID" },
            "RESTARTS",
            "MEMORY",
            "SINCE",
        ],
        &rows,
    ));
    for status in all.iter().filter(|status| status.health != "healthy") {
        if let Some(detail) = &status.detail {
            session
                .reporter
                .print(&format!("\n{}: {detail}", status.component));
        }
    }
}

async fn watch(session: &Session, supervisor: &Supervisor) -> Result<Exit, Failures> {
    let mut news = supervisor.watch().await.map_err(supervisor_failed)?;
    loop {
        let update = tokio::select! {
            update = news.next() => update,
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        };
        match update {
            // What was shown at the beginning.
            Some(Ok(Update::All(_))) => {}
            Some(Ok(Update::Changed(status))) => tell(session, &component(&status)),
            Some(Ok(Update::Removed(name))) => tell(session, &stopped(name)),
            Some(Err(error)) => return Err(supervisor_failed(error).into()),
            None => return absent(session),
        }
    }
}

fn tell(session: &Session, status: &ComponentStatus) {
    if session.reporter.is_json() {
        session.reporter.emit(Event::Component(status.clone()));
    } else {
        let cells = row(status);
        session.reporter.print(&format!(
            "{}  {}",
            timestamp(reporter::now()),
            cells.join("  ")
        ));
    }
}

fn row(status: &ComponentStatus) -> [String; 7] {
    fn dash() -> String {
        "-".to_owned()
    }
    [
        status.component.clone(),
        status.state.clone(),
        status.health.clone(),
        status
            .pid
            .map(|pid| pid.to_string())
            .or_else(|| image(status))
            .unwrap_or_else(dash),
        status.restarts.to_string(),
        status.memory_bytes.map_or_else(dash, mebibytes),
        status.since.clone().unwrap_or_else(dash),
    ]
}

/// `argosy-catalog:1f0c… (sha256:9a3b…)`, the digest cut to what tells it from others.
fn image(status: &ComponentStatus) -> Option<String> {
    let digest = status.image_digest.as_deref().unwrap_or_default();
    let digest: String = digest
        .trim_start_matches("sha256:")
        .chars()
        .take(12)
        .collect();
    Some(format!("{} ({digest})", status.image.as_ref()?))
}

fn component(process: &ProcessStatus) -> ComponentStatus {
    ComponentStatus {
        component: process.name.clone(),
        runtime: "host".into(),
        state: state(process.state).into(),
        health: health(process).into(),
        pid: process.pid,
        container: None,
        image: None,
        image_digest: None,
        restarts: process.restarts,
        since: Some(timestamp(since(process))),
        memory_bytes: process.memory_bytes,
        ports: process.ports.clone(),
        digest: Some(digest::of_inputs(&process.inputs)),
        detail: process.detail.clone().or_else(|| process.last_exit.clone()),
    }
}

fn since(process: &ProcessStatus) -> DateTime<Utc> {
    process.since
}

fn state(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Running => "running",
        ProcessState::BackingOff => "backing-off",
        ProcessState::CrashLoop => "crash-loop",
        ProcessState::Stopping => "stopping",
    }
}

fn health(process: &ProcessStatus) -> &'static str {
    match (process.state, process.health) {
        (ProcessState::Running, HealthState::Healthy) => "healthy",
        (ProcessState::Running, HealthState::Starting) => "starting",
        _ => "unhealthy",
    }
}

fn stopped(component: String) -> ComponentStatus {
    ComponentStatus {
        component,
        runtime: "host".into(),
        state: "stopped".into(),
        health: "unknown".into(),
        pid: None,
        container: None,
        image: None,
        image_digest: None,
        restarts: 0,
        since: None,
        memory_bytes: None,
        ports: BTreeMap::new(),
        digest: None,
        detail: None,
    }
}

/// One digit after the point, without a detour through floating point.
fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
