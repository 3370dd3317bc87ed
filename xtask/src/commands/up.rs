//! `up`: brings the platform to what the model says, by the smallest steps.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use tokio::sync::watch;

use super::converge::{Difference, difference, rejected, selection, supervisor_failed};
use crate::{
    build,
    cli::{RuntimeChoice, Up},
    events::Event,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    lock,
    model::Name,
    packages::{self, Consent},
    plan::StepKind,
    preflight,
    render::check::{self, Checks},
    reporter::table,
    runtime::host::{
        apply::{Apply, Board},
        client::{Supervisor, Update},
        protocol::ProcessStatus,
    },
    secrets,
    session::Session,
    urls::urls,
};

pub(crate) async fn run(session: &Session, args: &Up) -> Result<Exit, Failures> {
    match args.runtime {
        // Plain processes are the only runtime so far, so they are the best that any machine has.
        RuntimeChoice::Auto | RuntimeChoice::Host => {}
    }
    preflight::home(&session.paths)?;
    let _lock = lock::take(&session.paths, &session.command("up"))?;
    let selected = selection(session, &args.only)?;
    provide(session, &selected)?;
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?;
    let difference = difference(session, supervisor.as_ref(), &selected).await?;
    if let Some(path) = &args.plan {
        difference.agrees_with(session, path)?;
    }
    if difference.plan.is_empty() && difference.is_healthy() {
        session.reporter.note("nothing to do");
        return Ok(Exit::Done);
    }
    check_files(session, &difference)?;
    check_machine(session, &difference)?;
    for step in &difference.plan.steps {
        if session.reporter.is_json() {
            session.reporter.emit(Event::Step(step.clone()));
        }
    }
    let supervisor = match supervisor {
        Some(supervisor) => supervisor,
        None => Supervisor::spawn_and_connect(&session.paths, session.environment.name.as_str())
            .await
            .map_err(not_spawned)?,
    };
    let failures = tokio::select! {
        failures = apply(session, &difference, &supervisor) => failures?,
        () = interrupted() => return Err(interruption(session).into()),
    };
    if let Some(first) = failures.first() {
        return Ok(first.kind.exit());
    }
    session.reporter.quiet();
    if !args.no_probe && args.only.is_empty() {
        super::probe::after_up(session).await?;
    }
    tell_urls(session, &difference);
    Ok(Exit::Done)
}

/// Packages, our own programs, and secrets.
fn provide(session: &Session, selected: &BTreeSet<Name>) -> Result<(), Failures> {
    let environment = &session.environment;
    let consent = if session.global.yes || session.global.json {
        Consent::Given
    } else {
        Consent::Ask
    };
    packages::ensure(
        &preflight::missing_packages(environment, selected),
        consent,
        &session.reporter,
    )?;
    let absent = preflight::programs(environment, selected);
    if !absent.is_empty() {
        return Err(Failures(absent));
    }
    build::ensure(&session.cargo, environment, selected, &session.reporter)?;
    secrets::ensure(&environment.stack, &session.paths)?;
    Ok(())
}

/// Lets each changed file's own program look at it, before anything is put in place.
fn check_files(session: &Session, difference: &Difference) -> Result<(), Failures> {
    let staging = session.paths.staging();
    let programs = packages::folders();
    let checks = Checks {
        environment: &session.environment,
        templates: &difference.templates,
        rendered: &difference.rendered,
        places: &difference.places,
        staging: &staging,
        programs: &programs,
    };
    let report = check::check(&checks, &|unit, _| {
        difference.plan.step(unit.as_str()).is_some()
    });
    let report = report.map_err(|error| Failure::from(error.source))?;
    for skipped in &report.skipped {
        session.reporter.note(format!(
            "not checked: {} of {}, because `{}` is not there",
            skipped.target, skipped.unit, skipped.program
        ));
    }
    if report.failures.is_empty() {
        return Ok(());
    }
    Err(rejected(crate::model::diagnostic::Diagnostics(
        report.failures,
    )))
}

/// Ports that are about to be bound, and programs that are about to be run.
fn check_machine(session: &Session, difference: &Difference) -> Result<(), Failures> {
    let mut found = Vec::new();
    let created = difference
        .plan
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Create);
    for spec in created.filter_map(|step| difference.blueprint.processes.get(&step.component)) {
        found.extend(spec.ports.iter().filter_map(|(name, number)| {
            preflight::port(&session.environment, &spec.name, name, *number)
        }));
        let built = difference
            .blueprint
            .kept
            .get(&spec.name)
            .map_or(&spec.program, |kept| &kept.built);
        found.extend(preflight::architecture(&spec.name, built));
    }
    for failure in &mut found {
        failure.victims = difference
            .blueprint
            .desired
            .dependents_of(&failure.component);
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Failures(found))
    }
}

async fn apply(
    session: &Session,
    difference: &Difference,
    supervisor: &Supervisor,
) -> Result<Vec<Failure>, Failures> {
    let (board, watching) = watch_board(supervisor).await?;
    let run = Apply {
        session,
        rendered: &difference.rendered,
        blueprint: &difference.blueprint,
        plan: &difference.plan,
        supervisor,
        board,
    };
    tokio::select! {
        failures = run.run() => Ok(failures),
        error = watching => Err(supervisor_failed(error).into()),
    }
}

/// The supervisor's news as a board that many can look at, and the work of keeping it: a future that ends only when the
/// supervisor does.
async fn watch_board(
    supervisor: &Supervisor,
) -> Result<(Board, impl Future<Output = String> + use<>), Failures> {
    let mut news = supervisor.watch().await.map_err(supervisor_failed)?;
    let (sender, board) = watch::channel(BTreeMap::<String, ProcessStatus>::new());
    let keep = async move {
        while let Some(update) = news.next().await {
            match update {
                Ok(Update::All(all)) => drop(
                    sender.send_replace(
                        all.into_iter()
                            .map(|status| (status.name.clone(), status))
                            .collect(),
                    ),
                ),
                Ok(Update::Changed(status)) => {
                    sender.send_modify(|board| drop(board.insert(status.name.clone(), *status)));
                }
                Ok(Update::Removed(name)) => sender.send_modify(|board| drop(board.remove(&name))),
                Err(error) => return error.to_string(),
            }
        }
        "the supervisor has ended".to_owned()
    };
    Ok((board, keep))
}

fn not_spawned(error: crate::runtime::host::client::Error) -> Failure {
    let tail = if let crate::runtime::host::client::Error::NotStarted { log_tail, .. } = &error {
        log_tail.clone()
    } else {
        Vec::new()
    };
    supervisor_failed(error).with_log_tail(tail)
}

async fn interrupted() {
    // Without a handler the signal ends us at once, which is just as safe.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn interruption(session: &Session) -> Failure {
    let hint = session.command("up");
    Failure::new(
        "toolkit",
        Kind::Interrupted,
        "interrupted; what has been started goes on",
        format!("{hint} goes on from here"),
    )
}

fn tell_urls(session: &Session, difference: &Difference) {
    if difference.plan.step("identity-admin").is_some() {
        let email = &session.environment.settings().admin_email;
        let password = session.paths.secrets().join("admin-password");
        session.reporter.note(format!(
            "the administrator is {email}; the password is in {}",
            password.display()
        ));
    }
    let urls = urls(&session.environment);
    if session.reporter.is_json() {
        for (name, url) in urls {
            session.reporter.emit(Event::Url {
                name: name.into(),
                url,
            });
        }
        return;
    }
    let rows: Vec<[String; 2]> = urls
        .into_iter()
        .map(|(name, url)| [name.to_owned(), url])
        .collect();
    session
        .reporter
        .print(&format!("\n{}\n", table(["WHERE", "ADDRESS"], &rows)));
}
