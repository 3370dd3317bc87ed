//! `seed`: the demo catalogue, or a large one. The catalog's own program does it; this finds it and hands it its
//! variables.

mod docker;

use std::time::Duration;

use super::{
    converge::{
        host::{HostDifference, difference},
        selection, supervisor_failed,
    },
    runtimes,
};
use crate::{
    cli::Seed,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    preflight,
    runtime::{
        chosen::Runtime,
        host::{
            client::Supervisor,
            jobs::{self, JobEnd, JobSpec},
        },
    },
    session::Session,
};

/// A hundred thousand products take seconds; a small disk or a busy machine may make minutes of them.
const LONGEST_SECS: u64 = 1_800;

/// The job of the model that this runs again.
const JOB: &str = "demo-catalogue";

pub(crate) async fn run(session: &Session, args: &Seed) -> Result<Exit, Failures> {
    preflight::home(&session.paths)?;
    if runtimes::current(session) == Runtime::Docker {
        return docker::run(session, args).await;
    }
    let not_running = || {
        let detail = "the platform does not run";
        Failure::new("catalog", Kind::Supervisor, detail, session.command("up"))
    };
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(supervisor_failed)?
        .ok_or_else(not_running)?;
    let everything = selection(session, &[])?;
    let difference = difference(session, Some(&supervisor), &everything).await?;
    let spec = job(session, &difference, args)?;
    let failed = |message: String| {
        let hint = session.command("logs seed");
        Failure::new("catalog", Kind::JobFailed, message, hint)
    };
    let outcome = jobs::run_job(&spec, &session.paths.log("seed"))
        .await
        .map_err(|error| failed(error.message))?;
    match outcome.end {
        JobEnd::Succeeded => {
            let took_ms = outcome.took.as_millis();
            session.reporter.note(format!("seeded in {took_ms} ms"));
            Ok(Exit::Done)
        }
        JobEnd::Failed(how) => {
            let tail = outcome.log_tail.into_iter().map(|line| line.text).collect();
            Err(failed(how).with_log_tail(tail).into())
        }
        JobEnd::TimedOut => Err(failed(format!("not done after {LONGEST_SECS} s")).into()),
    }
}

/// The model's job, with the number of products where one is asked for.
fn job(session: &Session, difference: &HostDifference, args: &Seed) -> Result<JobSpec, Failure> {
    let blueprint = &difference.blueprint;
    let job = blueprint
        .jobs
        .get(JOB)
        .ok_or_else(|| no_catalogue(session))?;
    let kept = blueprint.kept.get(JOB);
    Ok(JobSpec {
        name: "seed".into(),
        program: kept.map_or_else(|| job.program.clone(), |kept| kept.built.clone()),
        args: job.args.iter().cloned().chain(further(args)).collect(),
        env: job.env.clone(),
        working_directory: session.paths.run(),
        run_as: None,
        timeout: Duration::from_secs(LONGEST_SECS),
    })
}

/// What is added to the job's own arguments.
fn further(args: &Seed) -> impl Iterator<Item = String> {
    let products = args
        .products
        .map(|products| ["--products".into(), products.to_string()]);
    products.into_iter().flatten()
}

fn no_catalogue(session: &Session) -> Failure {
    let environment = &session.environment.name;
    let detail = format!("the environment `{environment}` has no demo catalogue");
    let hint = "see `only_in` of demo-catalogue in infra/stack.yaml";
    Failure::new("catalog", Kind::ModelInvalid, detail, hint)
}
