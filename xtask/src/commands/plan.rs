//! `plan`: what `up` would do, and why. Changes nothing of the platform.

use super::converge::{difference, selection, supervisor_failed};
use crate::{
    build, cli::PlanArgs, events::Event, exit::Exit, failure::Failures, reporter::table,
    runtime::host::client::Supervisor, session::Session,
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
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?;
    let difference = difference(session, supervisor.as_ref(), &selected).await?;
    if let Some(path) = &args.out {
        difference.keep(session, path)?;
    }
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
    Ok(if steps.is_empty() {
        Exit::Done
    } else {
        Exit::Changes
    })
}
