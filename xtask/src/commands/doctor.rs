//! `doctor`: what is missing on this machine, each with the one command that mends it.

use std::{collections::BTreeSet, process::Command};

use super::{converge::selection, runtimes};
use crate::{
    cli::Doctor,
    events::{DoctorCheck, Event},
    exit::Exit,
    failure::Failures,
    packages::{self, Consent},
    preflight,
    runtime::{
        chosen::Runtime,
        docker::engine::Engine,
        host::{client::Supervisor, ports},
    },
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Doctor) -> Result<Exit, Failures> {
    let selected = selection(session, &[])?;
    let missing = preflight::missing_packages(&session.environment, &selected);
    if args.fix && !missing.is_empty() {
        packages::ensure(&missing, Consent::Given, &session.reporter)?;
    }
    let mut checks = vec![
        package_check(preflight::missing_packages(&session.environment, &selected)),
        home_check(session),
        cargo_check(session),
        engine_check(session).await,
    ];
    if runtimes::current(session) == Runtime::Host {
        checks.extend(port_checks(session).await);
    }
    let ok = checks.iter().all(|check| check.ok);
    for check in checks {
        session.reporter.emit(Event::Check(check));
    }
    Ok(if ok { Exit::Done } else { Exit::Changes })
}

fn check(name: &str, detail: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        check: name.into(),
        ok: true,
        detail: detail.into(),
        fix: None,
    }
}

fn broken(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        check: name.into(),
        ok: false,
        detail: detail.into(),
        fix: Some(fix.into()),
    }
}

fn package_check(missing: BTreeSet<String>) -> DoctorCheck {
    if missing.is_empty() {
        return check("programs", "every server of the model is on this machine");
    }
    let names: Vec<String> = missing.into_iter().collect();
    broken(
        "programs",
        format!("not installed: {}", names.join(", ")),
        packages::install_command(&names),
    )
}

fn home_check(session: &Session) -> DoctorCheck {
    match preflight::home(&session.paths) {
        Ok(()) => {
            let free = preflight::free_bytes(&session.paths.home).unwrap_or(0) >> 20;
            check(
                "home",
                format!(
                    "{} can be written, {free} MB free",
                    session.paths.home.display()
                ),
            )
        }
        Err(failure) => broken("home", failure.detail, failure.hint),
    }
}

fn cargo_check(session: &Session) -> DoctorCheck {
    match Command::new(&session.cargo.program)
        .arg("--version")
        .output()
    {
        Ok(output) if output.status.success() => {
            check("cargo", String::from_utf8_lossy(&output.stdout).trim())
        }
        Ok(output) => broken(
            "cargo",
            String::from_utf8_lossy(&output.stderr).trim(),
            "rustup update stable",
        ),
        Err(error) => broken(
            "cargo",
            format!("{}: {error}", session.cargo.program.display()),
            "install a Rust toolchain, 1.95 or newer",
        ),
    }
}

/// Without an engine there are processes instead, so its absence is no fault: unless the environment runs on it.
async fn engine_check(session: &Session) -> DoctorCheck {
    let needed = runtimes::current(session) == Runtime::Docker;
    match Engine::connect(session.global.docker_host.as_deref()).await {
        Ok(engine) => check(
            "engine",
            format!(
                "Docker Engine {} (API {}) answers at {}",
                engine.version, engine.api, engine.host
            ),
        ),
        Err(failure) if needed => broken("engine", failure.detail, failure.hint),
        Err(failure) => check(
            "engine",
            format!("{}; the host runtime needs none", failure.detail),
        ),
    }
}

/// Ports that our own processes hold are as they should be.
async fn port_checks(session: &Session) -> Vec<DoctorCheck> {
    let ours: BTreeSet<u32> = match Supervisor::connect(&session.paths).await {
        Ok(Some(supervisor)) => supervisor
            .status()
            .await
            .unwrap_or_default()
            .iter()
            .filter_map(|process| process.pid)
            .collect(),
        _ => BTreeSet::new(),
    };
    let all = session
        .environment
        .stack
        .components
        .iter()
        .flat_map(|(component, model)| {
            model
                .ports
                .iter()
                .map(move |(name, number)| (component.to_string(), name.to_string(), *number))
        });
    let taken: Vec<DoctorCheck> = all
        .filter(|(_, _, number)| {
            ports::holder(*number)
                .is_some_and(|holder| holder.pid.is_none_or(|pid| !ours.contains(&pid)))
        })
        .filter_map(|(component, name, number)| {
            preflight::port(&session.environment, &component, &name, number)
        })
        .map(|failure| broken("port", failure.detail, failure.hint))
        .collect();
    if taken.is_empty() {
        vec![check(
            "ports",
            "every port is free, or held by the platform itself",
        )]
    } else {
        taken
    }
}
