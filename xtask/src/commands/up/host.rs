//! `up` on the host: packages, our own programs, the supervisor.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use tokio::sync::watch;

use super::{begin, check_certificates, files::Changed, interrupted, interruption};
use crate::{
    build,
    cli::Up,
    commands::converge::{
        host::{HostDifference, difference},
        supervisor_failed,
    },
    failure::{Failure, Failures},
    model::Name,
    packages::{self, Consent},
    plan::StepKind,
    preflight,
    runtime::{
        chosen::{self, Chosen},
        graph::Graph,
        host::{
            apply::{Apply, Board},
            client::{Supervisor, Update},
            protocol::ProcessStatus,
        },
    },
    secrets,
    session::Session,
};

/// Whether something has failed, and has been told. None when there is nothing to do.
pub(super) async fn run(
    session: &Session,
    args: &Up,
    selected: &BTreeSet<Name>,
) -> Result<Option<Vec<Failure>>, Failures> {
    provide(session, selected)?;
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?;
    let found = difference(session, supervisor.as_ref(), selected).await?;
    if let Some(path) = &args.plan {
        found.difference.agrees_with(session, path)?;
    }
    check_certificates(session, &found.rendered, selected)?;
    if found.difference.plan.is_empty() && found.is_healthy() {
        return Ok(None);
    }
    let changed = Changed {
        environment: &session.environment,
        templates: &found.templates,
        rendered: &found.rendered,
        places: &found.places,
        plan: &found.difference.plan,
    };
    changed.check(session)?;
    check_machine(session, &found)?;
    begin(session, &found.difference);
    chosen::remember(&session.paths, &Chosen::host())?;
    let supervisor = match supervisor {
        Some(supervisor) => supervisor,
        None => Supervisor::spawn_and_connect(&session.paths, session.environment.name.as_str())
            .await
            .map_err(not_spawned)?,
    };
    tokio::select! {
        failures = apply(session, &found, &supervisor) => failures.map(Some),
        () = interrupted() => Err(interruption(session).into()),
    }
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

/// Ports that are about to be bound, and programs that are about to be run.
fn check_machine(session: &Session, found: &HostDifference) -> Result<(), Failures> {
    let mut taken = Vec::new();
    let created = found
        .difference
        .plan
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Create);
    for spec in created.filter_map(|step| found.blueprint.processes.get(&step.component)) {
        taken.extend(spec.ports.iter().filter_map(|(name, number)| {
            preflight::port(&session.environment, &spec.name, name, *number)
        }));
        let built = found
            .blueprint
            .kept
            .get(&spec.name)
            .map_or(&spec.program, |kept| &kept.built);
        taken.extend(preflight::architecture(&spec.name, built));
    }
    for failure in &mut taken {
        failure.victims = found.difference.desired.dependents_of(&failure.component);
    }
    if taken.is_empty() {
        Ok(())
    } else {
        Err(Failures(taken))
    }
}

async fn apply(
    session: &Session,
    found: &HostDifference,
    supervisor: &Supervisor,
) -> Result<Vec<Failure>, Failures> {
    let (board, watching) = watch_board(supervisor).await?;
    let run = Apply {
        session,
        rendered: &found.rendered,
        blueprint: &found.blueprint,
        desired: &found.difference.desired,
        supervisor,
        board,
    };
    let graph = Graph {
        reporter: &session.reporter,
        desired: &found.difference.desired,
        plan: &found.difference.plan,
    };
    tokio::select! {
        failures = graph.run(&run) => Ok(failures),
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
