//! The platform as files for Docker Compose: the same components, networks, limits and order, for machines on which
//! nobody runs the toolkit.
//!
//! Compose cannot do three things that the toolkit does, so the files do them in its words: `prepare.sh` gives each
//! container its files and data with the right owner (Compose mounts what lies on the machine, with the owner that it has
//! there), a label holds the digest of the files (Compose does not look into them), and the health checks are commands
//! inside the containers (Compose asks nobody else). Pure, like all rendering: the same model gives the same bytes.

mod file;
mod health;
mod prepare;

use std::collections::BTreeMap;

use file::{Dependency, File, Logging, Network, Service};
use serde_json::json;

use super::{Rendered, RenderedPrepare, RenderedUnit};
use crate::{
    digest,
    images::Lock,
    model::{Component, Condition, Environment, ImageKind, Job, Name, Program, Span, Unit},
    runtime::docker::places::{DATA, FILES, VOLUME},
};

/// Where the files are, from the project's root.
pub(crate) const FOLDER: &str = "compose";
/// The service that puts files and data folders in place.
const PREPARE: &str = "prepare";
/// Each check is a new process in the container, about 60 ms of the engine's time: more often than this, twenty
/// components' checks would be the greatest load of all.
const HEALTH_INTERVAL: &str = "5s";
const HEALTH_TIMEOUT: &str = "10s";
const HEALTH_RETRIES: u32 = 6;

/// What the files are made from.
pub(crate) struct Source<'a> {
    /// As it is on the machine: its ports are the published ones.
    pub(crate) outside: &'a Environment,
    /// As it is in containers, where every port has its own number.
    pub(crate) environment: &'a Environment,
    /// Rendered from the latter, for the places in a container.
    pub(crate) rendered: &'a Rendered,
    pub(crate) kind: ImageKind,
    pub(crate) lock: &'a Lock,
}

/// `compose.yaml`, or `compose.debian.yaml`.
pub(crate) fn file_name(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Upstream => "compose.yaml",
        ImageKind::Debian => "compose.debian.yaml",
    }
}

/// Every file by its path under the folder, for both kinds of image.
pub(crate) fn files(
    outside: &Environment,
    environment: &Environment,
    rendered: &Rendered,
    lock: &Lock,
) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for kind in [ImageKind::Upstream, ImageKind::Debian] {
        let source = Source {
            outside,
            environment,
            rendered,
            kind,
            lock,
        };
        files.insert(file_name(kind).to_owned(), source.text());
    }
    files.insert(
        "prepare.sh".to_owned(),
        prepare::script(environment, rendered),
    );
    files.insert(
        ".env".to_owned(),
        format!("COMPOSE_PROJECT_NAME={}\n", environment.stack.name),
    );
    for (name, unit) in &rendered.units {
        for (target, file) in &unit.files {
            files.insert(format!("config/{name}/{target}"), file.content.clone());
        }
    }
    files
}

impl Source<'_> {
    fn text(&self) -> String {
        let body =
            serde_yaml::to_string(&self.file()).expect("BUG: maps of text can be written as YAML");
        format!(
            "# Made by `cargo xtask render --target compose` from infra/stack.yaml. compose/README.md says how to start it.\n{body}"
        )
    }

    fn file(&self) -> File {
        let mut services: BTreeMap<String, Service> = BTreeMap::new();
        for (name, unit) in &self.rendered.units {
            let Some(service) = self.service(name, unit) else {
                continue;
            };
            if let Some(prepare) = &unit.prepare {
                services.insert(format!("{name}-prepare"), prepared(&service, prepare));
            }
            services.insert(name.to_string(), service);
        }
        services.insert(PREPARE.to_owned(), self.prepare());
        let networks = crate::model::Network::ALL.map(|network| {
            let internal = network.is_internal();
            (network.name().to_owned(), Network { internal })
        });
        let volumes = self
            .rendered
            .units
            .keys()
            .flat_map(|name| self.volumes(name));
        File {
            services,
            networks: networks.into(),
            volumes: volumes.map(|(volume, _)| (volume, json!({}))).collect(),
        }
    }

    fn service(&self, name: &Name, unit: &RenderedUnit) -> Option<Service> {
        let environment = self.environment;
        let (image, program, build) = self.image(name)?;
        let kind = match environment.origin_of(name)? {
            Program::Own(_) => None,
            Program::Foreign { .. } => Some(self.kind),
        };
        let confinement = environment.confinement(name, kind)?;
        let mut service = Service {
            image,
            build,
            hostname: Some(name.to_string()),
            entrypoint: vec![escaped(&program)],
            command: unit.args.iter().map(|text| escaped(text)).collect(),
            environment: unit
                .env
                .iter()
                .map(|(name, value)| (name.clone(), escaped(value)))
                .collect(),
            user: format!("{0}:{0}", confinement.user),
            read_only: confinement.writable_root.is_none(),
            tmpfs: confinement
                .tmpfs
                .iter()
                .map(|folder| format!("{folder}:rw,noexec,nosuid,nodev,size=64m,mode=1777"))
                .collect(),
            cap_drop: vec!["ALL".to_owned()],
            cap_add: confinement.capabilities.into_keys().collect(),
            security_opt: vec!["no-new-privileges:true".to_owned()],
            mem_limit: Some(confinement.memory.0),
            cpus: confinement.cpu.map(|cpu| f64::from(cpu) / 1000.0),
            pids_limit: Some(confinement.pids),
            networks: confinement
                .networks
                .iter()
                .map(|network| network.name().to_owned())
                .collect(),
            volumes: self
                .volumes(name)
                .into_iter()
                .map(|(volume, path)| format!("{volume}:{path}"))
                .collect(),
            labels: BTreeMap::from([("argosy.files".to_owned(), files_digest(unit))]),
            logging: Some(Logging::bounded()),
            ..Service::default()
        };
        match environment.unit(name)? {
            Unit::Component(component) => self.component(name, component, unit, &mut service),
            Unit::Job(job) => self.job(job, &mut service),
        }
        Some(service)
    }

    fn component(
        &self,
        name: &Name,
        component: &Component,
        unit: &RenderedUnit,
        service: &mut Service,
    ) {
        service.ports = self.ports(name, component);
        service.restart = Some("unless-stopped".to_owned());
        service.stop_signal = Some(component.stop.signal.name().to_owned());
        service.stop_grace_period = Some(seconds(component.stop.timeout));
        let tools = health::Tools::of(self.environment.origin_of(name), self.kind);
        service.healthcheck = unit.health.as_ref().map(|health| file::Health {
            test: health::command(health, tools)
                .iter()
                .map(|text| escaped(text))
                .collect(),
            interval: HEALTH_INTERVAL.to_owned(),
            timeout: HEALTH_TIMEOUT.to_owned(),
            retries: HEALTH_RETRIES,
            start_period: seconds(component.start_timeout),
        });
        service.depends_on = self.dependencies(&component.depends_on);
        if unit.prepare.is_some() {
            service
                .depends_on
                .insert(format!("{name}-prepare"), Dependency::completed());
        }
    }

    /// `8080:8080`: the machine's, then the container's.
    fn ports(&self, name: &Name, component: &Component) -> Vec<String> {
        let pair = |port: &Name| {
            let inside = component.ports.get(port).copied().unwrap_or_default();
            let outside = self.outside.stack.components.get(name);
            let outside = outside.and_then(|component| component.ports.get(port).copied());
            format!("{}:{inside}", outside.unwrap_or(inside))
        };
        let published = component.published.iter().map(pair);
        let local = component
            .local_ports
            .iter()
            .map(|port| format!("127.0.0.1:{}", pair(port)));
        published.chain(local).collect()
    }

    fn job(&self, job: &Job, service: &mut Service) {
        service.depends_on = self.dependencies(&job.depends_on);
    }

    fn dependencies(&self, on: &BTreeMap<Name, Condition>) -> BTreeMap<String, Dependency> {
        let there = on.iter().filter(|(name, _)| self.image(name).is_some());
        there
            .map(|(name, condition)| (name.to_string(), Dependency::on(*condition)))
            .chain([(PREPARE.to_owned(), Dependency::completed())])
            .collect()
    }

    /// Image, program, and for our own how Compose can build it.
    fn image(&self, name: &Name) -> Option<(String, String, Option<file::Build>)> {
        let stack = &self.environment.stack.name;
        match self.environment.origin_of(name)? {
            Program::Own(binary) => {
                let build = (self.kind == ImageKind::Upstream).then(|| file::Build {
                    context: "..".to_owned(),
                    dockerfile: "infra/images/source/Dockerfile".to_owned(),
                    args: BTreeMap::from([("BINARY".to_owned(), binary.to_string())]),
                });
                Some((format!("{stack}-{binary}:local"), binary.to_string(), build))
            }
            Program::Foreign { host, image } => match self.kind {
                ImageKind::Upstream => {
                    let tag = image?.upstream.as_ref()?;
                    let program = image?.program.as_ref().unwrap_or(&host.program);
                    Some((self.lock.pinned(&tag.to_string()), program.clone(), None))
                }
                ImageKind::Debian => {
                    let folder = image?.debian.as_ref()?;
                    Some((
                        format!("{stack}-{folder}:local"),
                        host.program.clone(),
                        None,
                    ))
                }
            },
        }
    }

    /// Named volumes and where they are mounted: its files, and its data when it keeps any.
    fn volumes(&self, name: &Name) -> Vec<(String, &'static str)> {
        let mut volumes = vec![(format!("{name}-files"), FILES)];
        if let Some(Unit::Component(component)) = self.environment.unit(name)
            && component.volume
        {
            volumes.push((format!("{name}-data"), VOLUME));
        }
        volumes
    }

    /// Root in a container without a network, with no more rights than it needs to give files to their readers.
    fn prepare(&self) -> Service {
        let units = self.rendered.units.keys();
        let targets = units.flat_map(|name| {
            let volumes = self.volumes(name);
            volumes.into_iter().map(move |(volume, path)| {
                let kind = if path == FILES { "files" } else { DATA };
                format!("{volume}:/to/{name}/{kind}")
            })
        });
        let sources = [
            "./prepare.sh:/prepare.sh:ro",
            "./config:/from/config:ro",
            "${ARGOSY_SECRETS:-./secrets}:/from/secrets:ro",
        ];
        let image = self
            .rendered
            .units
            .keys()
            .filter(|name| {
                self.environment
                    .unit(name)
                    .is_some_and(|unit| matches!(unit, Unit::Component(_)))
            })
            .find_map(|name| {
                let foreign = !matches!(self.environment.origin_of(name)?, Program::Own(_));
                let has_shell = self.kind == ImageKind::Debian || health::has_shell(name);
                (foreign && has_shell).then(|| self.image(name)).flatten()
            })
            .map(|(image, _, _)| image);
        Service {
            image: image.unwrap_or_default(),
            entrypoint: vec!["sh".to_owned(), "/prepare.sh".to_owned()],
            user: "0:0".to_owned(),
            read_only: true,
            network_mode: Some("none".to_owned()),
            cap_drop: vec!["ALL".to_owned()],
            cap_add: ["CHOWN", "DAC_OVERRIDE", "FOWNER"]
                .map(str::to_owned)
                .into(),
            security_opt: vec!["no-new-privileges:true".to_owned()],
            mem_limit: Some(64 << 20),
            pids_limit: Some(64),
            volumes: sources
                .map(str::to_owned)
                .into_iter()
                .chain(targets)
                .collect(),
            // What it puts in place has changed when one of these has.
            labels: BTreeMap::from([("argosy.files".to_owned(), self.all_files_digest())]),
            logging: Some(Logging::bounded()),
            ..Service::default()
        }
    }

    fn all_files_digest(&self) -> String {
        let digests: Vec<String> = self.rendered.units.values().map(files_digest).collect();
        let script = prepare::script(self.environment, self.rendered);
        digest::of_parts(digests.iter().map(String::as_str).chain([script.as_str()]))
    }
}

/// Makes the folder that the component cannot start without, once; as the component, in a container like its own.
fn prepared(service: &Service, prepare: &RenderedPrepare) -> Service {
    let quoted: Vec<String> = std::iter::once(&prepare.program)
        .chain(&prepare.args)
        .map(|text| health::quoted(text))
        .collect();
    let target = health::quoted(&prepare.target.to_string_lossy());
    let partial = health::quoted(&prepare.partial.to_string_lossy());
    let script = format!(
        "if [ ! -e {target} ]; then rm -rf {partial} && {} && mv {partial} {target}; fi",
        quoted.join(" ")
    );
    Service {
        entrypoint: vec!["sh".to_owned(), "-ec".to_owned()],
        command: vec![escaped(&script)],
        depends_on: BTreeMap::from([(PREPARE.to_owned(), Dependency::completed())]),
        hostname: None,
        healthcheck: None,
        ports: Vec::new(),
        restart: None,
        stop_signal: None,
        stop_grace_period: None,
        ..service.clone()
    }
}

fn files_digest(unit: &RenderedUnit) -> String {
    let parts = unit
        .files
        .iter()
        .flat_map(|(target, file)| [target.as_str(), file.content.as_str()]);
    digest::of_parts(parts)
}

/// Compose takes `$` for the beginning of a variable.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

fn seconds(span: Span) -> String {
    format!("{}s", span.duration().as_secs_f64().ceil())
}
