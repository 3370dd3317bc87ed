//! `seed`: the demo catalogue, or a large one. The catalog's own program does it; this finds it and hands it its
//! variables.

use super::converge::{difference, selection, supervisor_failed};
use crate::{
    cli::Seed,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    preflight,
    runtime::host::{
        client::Supervisor,
        jobs::{self, JobEnd, JobSpec},
    },
    session::Session,
};

/// A hundred thousand products take seconds; a small disk or a busy machine may make minutes of them.
const LONGEST_SECS: u64 = 1_800;

/// The job of the model that this runs again.
const JOB: &str = "demo-catalogue";

pub(crate) async fn run(session: &Session, args: &Seed) -> Result<Exit, Failures> {
    preflight::home(&session.paths)?;
    let not_running = || {
        Failure::new(
            "catalog",
            Kind::Supervisor,
            "the platform does not run",
            session.command("up"),
        )
    };
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?
        .ok_or_else(not_running)?;
    let difference = difference(session, Some(&supervisor), &selection(session, &[])?).await?;
    let Some(job) = difference.blueprint.jobs.get(JOB) else {
        let detail = format!(
            "the environment `{}` has no demo catalogue",
            session.environment.name
        );
        return Err(Failure::new(
            "catalog",
            Kind::ModelInvalid,
            detail,
            "see `only_in` of demo-catalogue in infra/stack.yaml",
        )
        .into());
    };
    let mut job_args = job.args.clone();
    if let Some(products) = args.products {
        job_args.extend(["--products".into(), products.to_string()]);
    }
    let spec = JobSpec {
        name: "seed".into(),
        program: difference
            .blueprint
            .kept
            .get(JOB)
            .map_or_else(|| job.program.clone(), |kept| kept.built.clone()),
        args: job_args,
        env: job.env.clone(),
        working_directory: session.paths.run(),
        run_as: None,
        timeout: std::time::Duration::from_secs(LONGEST_SECS),
    };
    let log = session.paths.log("seed");
    let supervisor_kind = |message: String| {
        Failure::new(
            "catalog",
            Kind::JobFailed,
            message,
            session.command("logs seed"),
        )
    };
    let outcome = jobs::run_job(&spec, &log)
        .await
        .map_err(|error| supervisor_kind(error.message))?;
    match outcome.end {
        JobEnd::Succeeded => {
            session
                .reporter
                .note(format!("seeded in {} ms", outcome.took.as_millis()));
            Ok(Exit::Done)
        }
        JobEnd::Failed(how) => {
            let tail = outcome.log_tail.into_iter().map(|line| line.text).collect();
            Err(supervisor_kind(how).with_log_tail(tail).into())
        }
        JobEnd::TimedOut => Err(supervisor_kind(format!("not done after {LONGEST_SECS} s")).into()),
    }
}
