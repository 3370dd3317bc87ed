//! From the rendered environment to what the host runs: programs found, accounts looked up, every input digested.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    accounts,
    protocol::{Account, HealthCheck, ProcessSpec},
};
use crate::{
    build::Cargo,
    digest::{self, FileDigests},
    model::{Component, Environment, HostProgram, Job, Name, OnChange, Span, Unit},
    packages,
    paths::{self, Paths},
    plan::{Desired, Inputs, Node, StepKind, Steps, Work},
    render::{Rendered, RenderedHealth, RenderedUnit},
    secrets,
};

/// Everything that one `up` works from.
pub(crate) struct Blueprint {
    pub(crate) processes: BTreeMap<String, ProcessSpec>,
    pub(crate) jobs: BTreeMap<String, JobPlan>,
    /// Where our own programs come from, by component or job.
    pub(crate) kept: BTreeMap<String, Kept>,
}

/// One of our own programs: as cargo built it, and the copy that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) built: PathBuf,
    /// Named by its content, so that a later build does not change what a restart starts.
    pub(crate) copy: PathBuf,
}

/// A job, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct JobPlan {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) timeout: Span,
}

/// What blueprints are drawn from.
pub(crate) struct Site<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) rendered: &'a Rendered,
    pub(crate) paths: &'a Paths,
    pub(crate) cargo: &'a Cargo,
}

impl Blueprint {
    /// What should be, and how it is made so.
    pub(crate) fn draw(site: &Site<'_>) -> (Desired, Self) {
        let mut digests = FileDigests::open(&site.paths.run().join("programs.json"));
        let versions = secrets::versions(&site.environment.stack, site.paths);
        let mut desired = Desired::default();
        let mut blueprint = Self {
            processes: BTreeMap::new(),
            jobs: BTreeMap::new(),
            kept: BTreeMap::new(),
        };
        for (name, unit) in &site.rendered.units {
            let mut inputs = inputs_of(unit, &versions);
            let depends_on = site
                .environment
                .dependencies(name)
                .into_keys()
                .map(ToString::to_string)
                .collect();
            let work = match site.environment.unit(name) {
                Some(Unit::Component(component)) => {
                    let built = program(site, component.binary.as_ref(), component.host.as_ref());
                    inputs.insert("program".into(), identity(&built, &mut digests));
                    let program =
                        blueprint.keep(site, name, component.binary.as_ref(), built, &mut digests);
                    let process = process(site, name, component, unit, program);
                    inputs.insert("supervision".into(), supervision(component));
                    blueprint.processes.insert(
                        name.to_string(),
                        ProcessSpec {
                            inputs: inputs.clone(),
                            ..process
                        },
                    );
                    Work::Component {
                        steps: steps(component, unit),
                    }
                }
                Some(Unit::Job(job)) => {
                    let (binary, host) = job_program(site, job);
                    let built = program(site, binary, host);
                    inputs.extend(made_from(site, job, &built, &mut digests));
                    let program = blueprint.keep(site, name, binary, built, &mut digests);
                    let plan = JobPlan {
                        program,
                        args: unit.args.clone(),
                        env: with_path(&unit.env),
                        timeout: job.timeout,
                    };
                    blueprint.jobs.insert(name.to_string(), plan);
                    Work::Job {
                        volumes: volumes(site.environment, job),
                    }
                }
                None => continue,
            };
            desired.nodes.insert(
                name.to_string(),
                Node {
                    work,
                    inputs,
                    depends_on,
                },
            );
        }
        digests.keep();
        (desired, blueprint)
    }

    /// The path to run: a copy for our own programs, the distribution's programs as they are.
    fn keep(
        &mut self,
        site: &Site<'_>,
        name: &Name,
        binary: Option<&Name>,
        built: PathBuf,
        digests: &mut FileDigests,
    ) -> PathBuf {
        let Some(binary) = binary else { return built };
        let copy = site
            .paths
            .home
            .join("bin")
            .join(format!("{binary}-{}", digests.of_file(&built)));
        self.kept.insert(
            name.to_string(),
            Kept {
                built,
                copy: copy.clone(),
            },
        );
        copy
    }
}

pub(crate) fn inputs_of(unit: &RenderedUnit, versions: &BTreeMap<String, String>) -> Inputs {
    let mut inputs = Inputs::new();
    inputs.insert(
        "args".into(),
        digest::of_parts(unit.args.iter().map(String::as_str)),
    );
    inputs.extend(
        unit.env
            .iter()
            .map(|(name, value)| (format!("env:{name}"), digest::of(value))),
    );
    inputs.extend(
        unit.files
            .iter()
            .map(|(target, file)| (format!("file:{target}"), digest::of(&file.content))),
    );
    inputs.extend(unit.secrets.keys().map(|name| {
        let version = versions.get(name.as_str()).cloned().unwrap_or_default();
        (format!("secret:{name}"), version)
    }));
    inputs
}

/// What the supervisor itself must know anew when it changes.
fn supervision(component: &Component) -> String {
    let described = format!(
        "{:?} {:?} {:?} {:?}",
        component.health, component.start_timeout, component.stop, component.ports
    );
    digest::of(described)
}

fn steps(component: &Component, unit: &RenderedUnit) -> Steps {
    let reloads = reloadable(component, unit).map(|input| (input, StepKind::Reload));
    Steps {
        by_input: reloads
            .chain([("program".to_owned(), StepKind::Replace)])
            .collect(),
        otherwise: StepKind::Restart,
    }
}

/// The files that it takes while it runs.
pub(crate) fn reloadable(
    component: &Component,
    unit: &RenderedUnit,
) -> impl Iterator<Item = String> {
    let files = unit
        .files
        .iter()
        .filter(|(_, file)| component.reload.is_some() && file.on_change == OnChange::Reload);
    files.map(|(target, _)| format!("file:{target}"))
}

fn process(
    site: &Site<'_>,
    name: &Name,
    component: &Component,
    unit: &RenderedUnit,
    program: PathBuf,
) -> ProcessSpec {
    let run_as = component
        .host
        .as_ref()
        .and_then(|host| host.run_as.as_deref());
    ProcessSpec {
        name: name.to_string(),
        program,
        args: unit.args.clone(),
        env: with_path(&unit.env),
        working_directory: working_directory(site.paths, name, component),
        run_as: run_as.and_then(account),
        health: health_check(unit.health.as_ref()),
        start_timeout: component.start_timeout,
        stop_signal: component.stop.signal,
        stop_timeout: component.stop.timeout,
        ports: component
            .ports
            .iter()
            .map(|(name, number)| (name.to_string(), *number))
            .collect(),
        inputs: Inputs::new(),
    }
}

pub(crate) fn working_directory(paths: &Paths, name: &Name, component: &Component) -> PathBuf {
    if component.volume {
        paths.data(name.as_str())
    } else {
        paths.run().join(name.as_str())
    }
}

/// The account, when we are root and may become it; everything else runs as whoever starts the platform.
pub(crate) fn account(name: &str) -> Option<Account> {
    if rustix::process::geteuid().is_root() {
        accounts::find(name)
    } else {
        None
    }
}

/// A job's own program, or that of the component it is `of`.
fn job_program<'a>(
    site: &'a Site<'_>,
    job: &'a Job,
) -> (Option<&'a Name>, Option<&'a HostProgram>) {
    let of = job
        .of
        .as_ref()
        .and_then(|of| site.environment.stack.components.get(of));
    let binary = job.binary.as_ref().or_else(|| of?.binary.as_ref());
    let host = job.host.as_ref().or_else(|| of?.host.as_ref());
    (binary, host)
}

/// A job that names its inputs runs again when they change; one that does not, when its program does.
fn made_from(site: &Site<'_>, job: &Job, program: &Path, digests: &mut FileDigests) -> Inputs {
    if job.inputs.is_empty() && job.host.is_none() {
        return Inputs::from([("program".into(), identity(program, digests))]);
    }
    job.inputs
        .iter()
        .map(|input| {
            (
                format!("path:{input}"),
                digests.of_tree(&site.paths.project.join(input)),
            )
        })
        .collect()
}

/// The components whose data the job works on.
pub(crate) fn volumes(environment: &Environment, job: &Job) -> BTreeSet<String> {
    let mut open: Vec<&Name> = job.depends_on.keys().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            open.extend(environment.dependencies(name).into_keys());
        }
    }
    let with_volume = |name: &&Name| {
        environment
            .stack
            .components
            .get(*name)
            .is_some_and(|component| component.volume)
    };
    seen.into_iter()
        .filter(with_volume)
        .map(ToString::to_string)
        .collect()
}

fn program(site: &Site<'_>, binary: Option<&Name>, host: Option<&HostProgram>) -> PathBuf {
    match (binary, host) {
        (Some(binary), _) => {
            paths::binary(&site.cargo.target, site.environment.build, binary.as_str())
        }
        (None, Some(host)) => packages::find_program(&host.program, &host.search)
            .unwrap_or_else(|| host.program.clone().into()),
        (None, None) => PathBuf::new(),
    }
}

/// Path and content, so that an upgraded package counts as another program.
fn identity(program: &Path, digests: &mut FileDigests) -> String {
    digest::of_parts([
        program.to_string_lossy().as_ref(),
        digests.of_file(program).as_str(),
    ])
}

/// Programs of the distribution look for their own tools on PATH.
fn with_path(env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut env = env.clone();
    env.entry("PATH".into())
        .or_insert_with(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    env
}

pub(crate) fn health_check(health: Option<&RenderedHealth>) -> HealthCheck {
    let Some(health) = health else {
        return HealthCheck::Tcp {
            address: String::new(),
        };
    };
    let address = health.address.clone();
    match health.kind {
        "http" => HealthCheck::Http {
            address,
            path: health.path.clone().unwrap_or_else(|| "/".into()),
        },
        "postgres" => HealthCheck::Postgres { address },
        "nats" => HealthCheck::Nats { address },
        "s3" => HealthCheck::S3 { address },
        _ => HealthCheck::Tcp { address },
    }
}
