//! Brings components and jobs to what the plan says, as processes under the supervisor.

mod provision;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Instant,
};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{
    blueprint::{Blueprint, JobPlan},
    client::Supervisor,
    diagnose::{Evidence, Service, diagnose, not_started, refused},
    jobs::{self, JobEnd, JobSpec},
    logs::{self, Selection},
    observe,
    protocol::{HealthState, ProcessSpec, ProcessState, ProcessStatus},
    reload,
};
use crate::{
    events::Phase,
    failure::{Failure, IoContext as _, Kind},
    plan::{Desired, ObservedJob, Step, StepKind},
    preflight,
    render::Rendered,
    runtime::{
        blame::{self, Way},
        graph::{self, Hands},
    },
    session::Session,
};

/// How many last lines a failure card shows.
const TAIL: usize = 12;

/// Ends before it was ever healthy that make a start a failure.
const ENDS: u32 = 2;

/// With less room than this nothing can be written any more.
const FULL: u64 = 1 << 20;

/// The supervisor's processes by name, as last told.
pub(crate) type Board = watch::Receiver<BTreeMap<String, ProcessStatus>>;

pub(crate) struct Apply<'a> {
    pub(crate) session: &'a Session,
    pub(crate) rendered: &'a Rendered,
    pub(crate) blueprint: &'a Blueprint,
    pub(crate) desired: &'a Desired,
    pub(crate) supervisor: &'a Supervisor,
    pub(crate) board: Board,
}

impl Hands for Apply<'_> {
    async fn remove(&self, name: &str) -> Result<(), Failure> {
        self.supervisor
            .stop(name)
            .await
            .map_err(|error| refused(name, &error))
    }

    async fn component(
        &self,
        name: &str,
        step: Option<&Step>,
        started: Instant,
    ) -> Result<Phase, Failure> {
        let spec = &self.blueprint.processes[name];
        let mut begun = None;
        match step.map(|step| step.kind) {
            None => {}
            Some(StepKind::Reload) => {
                self.tell(name, Phase::Reloading, started);
                self.write_files(name)?;
                self.reload(name, spec).await?;
            }
            Some(_) => {
                self.tell(name, Phase::Preparing, started);
                self.prepare(name, spec).await?;
                self.tell(name, Phase::Starting, started);
                self.supervisor
                    .start(spec.clone())
                    .await
                    .map_err(|error| refused(name, &error))?;
                begun = self.begun(name).await;
            }
        }
        if let Err(failure) = self.healthy(name, spec, begun).await {
            return Err(self.blame(name, failure).await);
        }
        Ok(if step.is_none() {
            Phase::Unchanged
        } else {
            Phase::Healthy
        })
    }

    async fn job(
        &self,
        name: &str,
        step: Option<&Step>,
        volumes: &BTreeSet<String>,
        started: Instant,
    ) -> Result<Phase, Failure> {
        if step.is_none() {
            return Ok(Phase::Unchanged);
        }
        self.tell(name, Phase::Running, started);
        self.keep_program(name)?;
        self.write_files(name)?;
        let JobPlan {
            program,
            args,
            env,
            timeout,
        } = self.blueprint.jobs[name].clone();
        let working_directory = self.session.paths.run().join(name);
        fs::create_dir_all(&working_directory).doing("create", &working_directory)?;
        let spec = JobSpec {
            name: name.to_owned(),
            program,
            args,
            env,
            working_directory,
            run_as: None,
            timeout: timeout.duration(),
        };
        if let Err(failure) = self.run_job(name, &spec).await {
            return Err(self.blame(name, failure).await);
        }
        let identities = observe::volumes(&self.session.paths);
        let volumes = volumes
            .iter()
            .filter_map(|volume| Some((volume.clone(), identities.get(volume)?.clone())))
            .collect();
        let done = ObservedJob {
            inputs: self.desired.nodes[name].inputs.clone(),
            volumes,
        };
        observe::note_job(&self.session.paths, name, &done)
            .doing("note the end of", Path::new(name))?;
        Ok(Phase::Completed)
    }
}

impl Apply<'_> {
    async fn reload(&self, name: &str, spec: &ProcessSpec) -> Result<(), Failure> {
        let Some(how) = self.unit(name).and_then(|unit| unit.reload.as_ref()) else {
            return Ok(());
        };
        reload::reload(self.supervisor, spec, how)
            .await
            .map_err(|message| {
                let hint = format!("correct the template; {name} goes on with what it had");
                Failure::new(name, Kind::ConfigRejected, message, hint)
                    .with_log_tail(self.tail(name))
            })?;
        self.supervisor
            .applied(name, spec.inputs.clone())
            .await
            .map_err(|error| refused(name, &error))
    }

    /// When the process that runs now was started: what was told of an earlier one must not count.
    async fn begun(&self, name: &str) -> Option<DateTime<Utc>> {
        let processes = self.supervisor.status().await.ok()?;
        processes
            .into_iter()
            .find(|status| status.name == name)
            .map(|status| status.since)
    }

    /// Waits until the process that runs with these inputs is healthy.
    async fn healthy(
        &self,
        name: &str,
        spec: &ProcessSpec,
        begun: Option<DateTime<Utc>>,
    ) -> Result<(), Failure> {
        let mut board = self.board.clone();
        let limit = spec.start_timeout.duration();
        let waited = tokio::time::timeout(limit, async {
            loop {
                let current = |status: &&ProcessStatus| {
                    status.inputs == spec.inputs && begun.is_none_or(|begun| status.since >= begun)
                };
                if let Some(status) = board.borrow_and_update().get(name).filter(current) {
                    if status.state == ProcessState::Running
                        && status.health == HealthState::Healthy
                    {
                        return Ok(());
                    }
                    if status.state == ProcessState::CrashLoop
                        || (status.healthy_since.is_none() && status.restarts >= ENDS)
                    {
                        return Err(status
                            .last_exit
                            .clone()
                            .unwrap_or_else(|| "it ended".into()));
                    }
                }
                if board.changed().await.is_err() {
                    return Err("the supervisor has ended".to_owned());
                }
            }
        });
        let (detail, otherwise) = match waited.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(ended)) => (format!("{ended}, {ENDS} times in a row"), Kind::CrashLoop),
            Err(_) => {
                let last = self
                    .board
                    .borrow()
                    .get(name)
                    .and_then(|status| status.detail.clone())
                    .unwrap_or_default();
                (
                    format!("not healthy after {}: {last}", spec.start_timeout),
                    Kind::Unhealthy,
                )
            }
        };
        let log_tail = self.tail(name);
        let logs_command = self.session.command(&format!("logs {name}"));
        Err(diagnose(Evidence {
            component: name,
            detail: &detail,
            log_tail,
            ports: &spec.ports,
            otherwise,
            logs_command,
            service: None,
        }))
    }

    /// What it cannot reach is the root, where that is the reason; a full disk also where its last words found no room.
    async fn blame(&self, name: &str, failure: Failure) -> Failure {
        let home = &self.session.paths.home;
        let unexplained = matches!(failure.kind, Kind::CrashLoop | Kind::JobFailed);
        if unexplained && preflight::free_bytes(home).is_ok_and(|free| free < FULL) {
            let detail = format!("{}; {} is full", failure.detail, home.display());
            let hint = "df -h   (free some space, or set ARGOSY_HOME to a folder on another disk)";
            return Failure::new(name, Kind::DiskFull, detail, hint)
                .with_log_tail(failure.log_tail);
        }
        if !blame::is_suspected(&failure) {
            return failure;
        }
        let needs = self.unit(name).map(|unit| unit.needs.iter());
        let ways = needs.into_iter().flatten().map(|needed| Way {
            needed,
            at: Ok(needed.address.clone()),
        });
        blame::root(failure, ways.collect(), &self.session.command("status")).await
    }

    async fn run_job(&self, name: &str, spec: &JobSpec) -> Result<(), Failure> {
        let outcome = jobs::run_job(spec, &self.session.paths.log(&spec.name)).await;
        let outcome =
            outcome.map_err(|error| not_started(name, Some(error.cause), &error.message))?;
        let (detail, otherwise) = match outcome.end {
            JobEnd::Succeeded => return Ok(()),
            JobEnd::Failed(how) => (how, Kind::JobFailed),
            JobEnd::TimedOut => (
                format!(
                    "it had not ended after {} s and was killed",
                    spec.timeout.as_secs()
                ),
                Kind::JobTimedOut,
            ),
        };
        let log_tail = outcome.log_tail.into_iter().map(|line| line.text).collect();
        let logs_command = self.session.command(&format!("logs {}", spec.name));
        let ports = BTreeMap::new();
        Err(diagnose(Evidence {
            component: name,
            detail: &detail,
            log_tail,
            ports: &ports,
            otherwise,
            logs_command,
            service: Service::of(&self.session.environment, name),
        }))
    }

    fn unit(&self, name: &str) -> Option<&crate::render::RenderedUnit> {
        self.rendered.units.get(name)
    }

    fn tail(&self, name: &str) -> Vec<String> {
        let lines =
            logs::read(&self.session.paths, name, Selection::Last(TAIL)).unwrap_or_default();
        lines.into_iter().map(|line| line.text).collect()
    }

    fn tell(&self, name: &str, phase: Phase, started: Instant) {
        graph::tell(&self.session.reporter, name, phase, Some(started));
    }
}
