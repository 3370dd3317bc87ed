//! `plan`: what `up` would do, and why. Changes nothing of the platform.

use std::collections::BTreeSet;

use super::{
    converge::{
        Difference,
        docker::{Platform, choice},
        host, selection, supervisor_failed,
    },
    runtimes,
};
use crate::{
    build,
    cli::PlanArgs,
    events::Event,
    exit::Exit,
    failure::Failures,
    model::Name,
    reporter::table,
    runtime::{chosen::Runtime, host::client::Supervisor},
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &PlanArgs) -> Result<Exit, Failures> {
    // Programs that have changed since they were built would be replaced by `up`, so a plan without building would lie.
    // Before the first build there is nothing to compare with: everything is created.
    let selected = selection(session, &args.only)?;
    if build::is_complete(&session.cargo, &session.environment, &selected) {
        build::ensure(
            &session.cargo,
            &session.environment,
            &selected,
            &session.reporter,
        )?;
    }
    let difference = match runtimes::choose(session, args.runtime, &selected).await? {
        Runtime::Host => on_host(session, &selected).await?,
        Runtime::Docker => on_docker(session, args, &selected).await?,
    };
    if let Some(path) = &args.out {
        difference.keep(session, path)?;
    }
    tell(session, &difference);
    Ok(if difference.plan.is_empty() {
        Exit::Done
    } else {
        Exit::Changes
    })
}

async fn on_host(session: &Session, selected: &BTreeSet<Name>) -> Result<Difference, Failures> {
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?;
    let found = host::difference(session, supervisor.as_ref(), selected).await?;
    Ok(found.difference)
}

async fn on_docker(
    session: &Session,
    args: &PlanArgs,
    selected: &BTreeSet<Name>,
) -> Result<Difference, Failures> {
    let platform = Platform::open(session).await?;
    let images = platform
        .images(session, choice(session, args.images), selected)
        .await?;
    let found = platform.difference(session, &images, selected).await?;
    Ok(found.difference)
}

fn tell(session: &Session, difference: &Difference) {
    let steps = &difference.plan.steps;
    if session.reporter.is_json() {
        for step in steps {
            session.reporter.emit(Event::Step(step.clone()));
        }
    } else if steps.is_empty() {
        session.reporter.print("nothing to do");
    } else {
        let rows: Vec<[String; 3]> = steps
            .iter()
            .map(|step| {
                [
                    step.kind.word().to_owned(),
                    step.component.clone(),
                    step.cause.clone(),
                ]
            })
            .collect();
        session
            .reporter
            .print(&table(["STEP", "COMPONENT", "CAUSE"], &rows));
    }
}
