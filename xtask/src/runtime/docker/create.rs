//! A container's specification in the engine's words.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, Mount, MountType,
    NetworkingConfig, PortBinding, PortMap, RestartPolicy, RestartPolicyNameEnum,
};

use super::{
    blueprint::{ContainerSpec, Published, Role},
    engine::Engine,
    names::{INPUTS, KIND, Names, UNIT},
    places::{FILES, VOLUME},
};
use crate::model::Signal;

/// Of a folder in memory.
const TMPFS: &str = "rw,noexec,nosuid,nodev,size=64m,mode=1777";
/// The same for people.
pub(super) const TMPFS_SIZE: &str = "64 MB";
/// The engine keeps so much of each container's log.
const LOG_SIZE: &str = "10m";
const LOG_FILES: &str = "3";

/// The request that makes it, in these networks at once.
pub(crate) fn body(
    spec: &ContainerSpec,
    names: &Names,
    networks: &[String],
    engine: &Engine,
) -> ContainerCreateBody {
    let (stop_signal, stop_timeout) = match &spec.role {
        Role::Component(service) => (
            service.stop_signal.name(),
            i64::try_from(service.stop_timeout.duration().as_secs()).unwrap_or(10),
        ),
        Role::Job { .. } => (Signal::Term.name(), 10),
    };
    ContainerCreateBody {
        image: Some(spec.image.reference.clone()),
        hostname: Some(spec.unit.clone()),
        entrypoint: Some(vec![spec.image.program.clone()]),
        cmd: Some(spec.args.clone()),
        env: Some(
            spec.env
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        user: Some(format!("{0}:{0}", spec.confinement.user)),
        working_dir: Some("/".to_owned()),
        labels: Some(labels(spec, names)),
        stop_signal: Some(stop_signal.to_owned()),
        stop_timeout: Some(stop_timeout),
        exposed_ports: Some(
            spec.published
                .iter()
                .map(|port| format!("{}/tcp", port.inside))
                .collect(),
        ),
        host_config: Some(HostConfig {
            sysctls: moved_connections(spec, engine),
            ..host_config(spec, names, networks)
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(
                networks
                    .iter()
                    .map(|network| (network.clone(), endpoint(spec)))
                    .collect(),
            ),
        }),
        ..ContainerCreateBody::default()
    }
}

/// In every network a component is found under its own name.
pub(crate) fn endpoint(spec: &ContainerSpec) -> EndpointSettings {
    EndpointSettings {
        aliases: Some(vec![spec.unit.clone()]),
        ..EndpointSettings::default()
    }
}

fn labels(spec: &ContainerSpec, names: &Names) -> HashMap<String, String> {
    let mut labels = names.labels();
    let kind = if spec.service().is_some() {
        "component"
    } else {
        "job"
    };
    labels.insert(UNIT.to_owned(), spec.unit.clone());
    labels.insert(KIND.to_owned(), kind.to_owned());
    let inputs = serde_json::to_string(&spec.inputs).unwrap_or_default();
    labels.insert(INPUTS.to_owned(), inputs);
    labels
}

fn host_config(spec: &ContainerSpec, names: &Names, networks: &[String]) -> HostConfig {
    let confinement = &spec.confinement;
    let restart = if spec.service().is_some() {
        RestartPolicyNameEnum::UNLESS_STOPPED
    } else {
        RestartPolicyNameEnum::NO
    };
    let memory = i64::try_from(spec.memory().0).unwrap_or(i64::MAX);
    HostConfig {
        memory: Some(memory),
        // No swap: what does not fit is told at once and not by everything being slow.
        memory_swap: Some(memory),
        nano_cpus: confinement.cpu.map(nano_cpus),
        pids_limit: Some(confinement.pids.into()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(confinement.capabilities.keys().cloned().collect()),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        readonly_rootfs: Some(confinement.writable_root.is_none()),
        tmpfs: Some(
            confinement
                .tmpfs
                .iter()
                .map(|folder| (folder.clone(), TMPFS.to_owned()))
                .collect(),
        ),
        mounts: Some(mounts(spec, names)),
        network_mode: networks.first().cloned(),
        port_bindings: Some(port_bindings(&spec.published)),
        restart_policy: Some(RestartPolicy {
            name: Some(restart),
            maximum_retry_count: None,
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), LOG_SIZE.to_owned()),
                ("max-file".to_owned(), LOG_FILES.to_owned()),
            ])),
        }),
        ..HostConfig::default()
    }
}

/// A server that takes a new file while it runs may open its port anew beside the old one, as Caddy does, and close that
/// then. Connections that the kernel had put into the old one's queue were reset there, and their requests lost; so told, it
/// hands them to the new one. The setting is the container's own.
fn moved_connections(spec: &ContainerSpec, engine: &Engine) -> Option<HashMap<String, String>> {
    let reloads = spec
        .service()
        .is_some_and(|service| service.reload.is_some());
    (reloads && engine.moves_connections())
        .then(|| HashMap::from([("net.ipv4.tcp_migrate_req".to_owned(), "1".to_owned())]))
}

/// Thousandths of a processor in the engine's billionths.
pub(crate) fn nano_cpus(thousandths: u32) -> i64 {
    i64::from(thousandths) * 1_000_000
}

/// A volume without a name lives and goes with its container.
fn mounts(spec: &ContainerSpec, names: &Names) -> Vec<Mount> {
    let own = Mount {
        target: Some(FILES.to_owned()),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    };
    let lasting = spec.volume.as_ref().map(|unit| Mount {
        source: Some(names.volume(unit)),
        target: Some(VOLUME.to_owned()),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    });
    let has_files = !spec.files.is_empty() || !spec.secrets.is_empty();
    has_files
        .then_some(own)
        .into_iter()
        .chain(lasting)
        .collect()
}

fn port_bindings(published: &[Published]) -> PortMap {
    let bindings: BTreeMap<String, Vec<PortBinding>> =
        published.iter().fold(BTreeMap::new(), |mut all, port| {
            let binding = PortBinding {
                host_ip: Some(if port.local { "127.0.0.1" } else { "0.0.0.0" }.to_owned()),
                host_port: Some(port.outside.to_string()),
            };
            all.entry(format!("{}/tcp", port.inside))
                .or_insert_with(Vec::new)
                .push(binding);
            all
        });
    bindings
        .into_iter()
        .map(|(port, bindings)| (port, Some(bindings)))
        .collect()
}
