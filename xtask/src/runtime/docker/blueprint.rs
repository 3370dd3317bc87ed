//! From the rendered environment to what the engine runs: images named, limits and networks filled in, every input
//! digested.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    digest::{self, FileDigests},
    images::Image,
    model::{
        ByteSize, Component, Confinement, Environment, Job, Name, Network, Signal, Span, Unit,
    },
    paths::Paths,
    plan::{Desired, Inputs, Node, StepKind, Steps, Work},
    render::{Needed, Rendered, RenderedPrepare, RenderedReload, RenderedUnit},
    runtime::host::{blueprint as host, protocol::HealthCheck},
    secrets,
};

/// Everything that one `up` works from, by component or job.
#[derive(Debug, Default)]
pub(crate) struct Blueprint {
    pub(crate) containers: BTreeMap<String, ContainerSpec>,
}

/// One container, as it should be.
#[derive(Debug, Clone)]
pub(crate) struct ContainerSpec {
    pub(crate) unit: String,
    pub(crate) image: Image,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) confinement: Confinement,
    pub(crate) published: Vec<Published>,
    /// Content by target.
    pub(crate) files: BTreeMap<String, String>,
    /// Where the secrets are on this machine, by name.
    pub(crate) secrets: BTreeMap<String, PathBuf>,
    /// The component whose lasting volume it has.
    pub(crate) volume: Option<String>,
    pub(crate) inputs: Inputs,
    /// Ports of others that it is told of.
    pub(crate) needs: Vec<Needed>,
    pub(crate) role: Role,
}

#[derive(Debug, Clone)]
pub(crate) enum Role {
    Component(Box<Service>),
    Job { timeout: Span },
}

/// What only a component has.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Its address is `<component>:<port>`.
    pub(crate) health: HealthCheck,
    pub(crate) start_timeout: Span,
    pub(crate) stop_signal: Signal,
    pub(crate) stop_timeout: Span,
    pub(crate) reload: Option<RenderedReload>,
    pub(crate) prepare: Option<RenderedPrepare>,
}

/// A port of a container that the engine's machine passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) inside: u16,
    pub(crate) outside: u16,
    /// For this machine alone.
    pub(crate) local: bool,
}

/// What blueprints are drawn from.
pub(crate) struct Site<'a> {
    /// As the components see it.
    pub(crate) inside: &'a Environment,
    /// As people see it.
    pub(crate) outside: &'a Environment,
    pub(crate) rendered: &'a Rendered,
    pub(crate) paths: &'a Paths,
    /// What is missing here is left out.
    pub(crate) images: &'a BTreeMap<Name, Image>,
}

impl Blueprint {
    /// What should be, and how it is made so.
    pub(crate) fn draw(site: &Site<'_>) -> (Desired, Self) {
        let mut digests = FileDigests::open(&site.paths.run().join("job-inputs.json"));
        let versions = secrets::versions(&site.inside.stack, site.paths);
        let mut desired = Desired::default();
        let mut blueprint = Self::default();
        for (name, rendered) in &site.rendered.units {
            let Some(mut spec) = container(site, name, rendered) else {
                continue;
            };
            spec.inputs = host::inputs_of(rendered, &versions);
            let work = match site.inside.unit(name) {
                Some(Unit::Component(component)) => {
                    spec.inputs.extend(confined(&spec));
                    Work::Component {
                        steps: steps(component, rendered, &spec),
                    }
                }
                Some(Unit::Job(job)) => {
                    spec.inputs
                        .extend(made_from(site, job, &spec, &mut digests));
                    Work::Job {
                        volumes: host::volumes(site.inside, job),
                    }
                }
                None => continue,
            };
            let depends_on = site.inside.dependencies(name).into_keys();
            desired.nodes.insert(
                name.to_string(),
                Node {
                    work,
                    inputs: spec.inputs.clone(),
                    depends_on: depends_on.map(ToString::to_string).collect(),
                },
            );
            blueprint.containers.insert(name.to_string(), spec);
        }
        digests.keep();
        (desired, blueprint)
    }

    pub(crate) fn networks(&self) -> BTreeSet<Network> {
        self.containers
            .values()
            .flat_map(|spec| spec.confinement.networks.iter().copied())
            .collect()
    }
}

fn container(site: &Site<'_>, name: &Name, rendered: &RenderedUnit) -> Option<ContainerSpec> {
    let image = site.images.get(name)?.clone();
    let confinement = site.inside.confinement(name, image.kind)?;
    let (role, published, volume) = match site.inside.unit(name)? {
        Unit::Component(component) => (
            Role::Component(Box::new(service(component, rendered))),
            published(site.outside, name, component),
            component.volume.then(|| name.to_string()),
        ),
        Unit::Job(job) => {
            let of = job.of.as_ref().filter(|of| {
                let component = site.inside.stack.components.get(*of);
                component.is_some_and(|component| component.volume)
            });
            let role = Role::Job {
                timeout: job.timeout,
            };
            (role, Vec::new(), of.map(ToString::to_string))
        }
    };
    let files = rendered.files.iter();
    Some(ContainerSpec {
        unit: name.to_string(),
        image,
        args: rendered.args.clone(),
        env: rendered.env.clone(),
        confinement,
        published,
        files: files
            .map(|(target, file)| (target.clone(), file.content.clone()))
            .collect(),
        secrets: rendered
            .secrets
            .keys()
            .map(|secret| {
                let path = site.paths.secrets().join(secret.as_str());
                (secret.to_string(), path)
            })
            .collect(),
        volume,
        inputs: Inputs::new(),
        needs: rendered.needs.clone(),
        role,
    })
}

fn service(component: &Component, rendered: &RenderedUnit) -> Service {
    Service {
        health: host::health_check(rendered.health.as_ref()),
        start_timeout: component.start_timeout,
        stop_signal: component.stop.signal,
        stop_timeout: component.stop.timeout,
        reload: rendered.reload.clone(),
        prepare: rendered.prepare.clone(),
    }
}

/// Inside, a port has the stack's number; outside, the environment's.
fn published(environment: &Environment, name: &Name, component: &Component) -> Vec<Published> {
    let outer = environment.stack.components.get(name);
    let port = |(port, inside): (&Name, &u16)| {
        let open = component.published.contains(port);
        (open || component.local_ports.contains(port)).then(|| Published {
            name: port.to_string(),
            inside: *inside,
            outside: outer
                .and_then(|component| component.ports.get(port))
                .copied()
                .unwrap_or(*inside),
            local: !open,
        })
    };
    component.ports.iter().filter_map(port).collect()
}

/// The inputs that only containers have. Limits and networks are told as they are: that is how the engine shows them,
/// and so what was changed behind our back is seen.
fn confined(spec: &ContainerSpec) -> Inputs {
    let confinement = &spec.confinement;
    let mut inputs = Inputs::from([
        ("image".to_owned(), spec.image.reference.clone()),
        ("limit:memory".to_owned(), confinement.memory.0.to_string()),
        (
            "limit:cpu".to_owned(),
            confinement.cpu.unwrap_or(0).to_string(),
        ),
        ("limit:pids".to_owned(), confinement.pids.to_string()),
    ]);
    let networks = confinement.networks.iter();
    inputs.extend(networks.map(|network| (network_input(network.name()), JOINED.to_owned())));
    let shut_in = format!(
        "{} {} {:?} {} {:?} {:?} {}",
        spec.image.program,
        confinement.user,
        confinement.tmpfs,
        confinement.writable_root.is_some(),
        confinement.capabilities.keys(),
        spec.volume,
        spec.service()
            .is_some_and(|service| service.reload.is_some())
    );
    inputs.insert("confinement".to_owned(), digest::of(shut_in));
    inputs.insert(
        "ports".to_owned(),
        digest::of(format!("{:?}", spec.published)),
    );
    if let Role::Component(service) = &spec.role {
        let stop = format!("{:?} {:?}", service.stop_signal, service.stop_timeout);
        inputs.insert("stop".to_owned(), digest::of(stop));
    }
    inputs
}

/// Of a network that a container is in.
pub(crate) const JOINED: &str = "joined";

pub(crate) fn network_input(network: &str) -> String {
    format!("network:{network}")
}

/// The least that brings each input into force. Everything else, secrets too, takes a new container.
fn steps(component: &Component, rendered: &RenderedUnit, spec: &ContainerSpec) -> Steps {
    let files = rendered
        .files
        .keys()
        .map(|target| (format!("file:{target}"), StepKind::Restart));
    let mut by_input: BTreeMap<String, StepKind> = files.collect();
    let reloads = host::reloadable(component, rendered);
    by_input.extend(reloads.map(|input| (input, StepKind::Reload)));
    by_input.insert("limit:".to_owned(), StepKind::Update);
    by_input.insert("network:".to_owned(), StepKind::Connect);
    if spec.confinement.cpu.is_none() {
        // A bound once set can only be moved.
        by_input.insert("limit:cpu".to_owned(), StepKind::Replace);
    }
    Steps {
        by_input,
        otherwise: StepKind::Replace,
    }
}

/// As on the host: a job that names its inputs runs again when they change; one that does not, when its program does.
fn made_from(
    site: &Site<'_>,
    job: &Job,
    spec: &ContainerSpec,
    digests: &mut FileDigests,
) -> Inputs {
    if job.inputs.is_empty() && job.host.is_none() {
        return Inputs::from([("image".to_owned(), spec.image.reference.clone())]);
    }
    let paths = job.inputs.iter();
    paths
        .map(|input| {
            let digest = digests.of_tree(&site.paths.project.join(input));
            (format!("path:{input}"), digest)
        })
        .collect()
}

impl ContainerSpec {
    pub(crate) fn memory(&self) -> ByteSize {
        self.confinement.memory
    }

    pub(crate) fn service(&self) -> Option<&Service> {
        match &self.role {
            Role::Component(service) => Some(service),
            Role::Job { .. } => None,
        }
    }
}
