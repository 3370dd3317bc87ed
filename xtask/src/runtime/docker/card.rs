//! From what the engine or a container says to a failure card.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

use bollard::{
    container::LogOutput,
    errors::Error,
    query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder},
};
use futures::StreamExt as _;
use regex::Regex;

use super::{
    blueprint::{ContainerSpec, Published},
    create::TMPFS_SIZE,
    engine::{Engine, in_words, refused, status},
    names::Names,
    observe::{self, Seen},
    reach::Reach,
};
use crate::{
    failure::{Failure, Kind},
    render::Needed,
    runtime::{
        blame::{self, Way},
        host::{
            diagnose::{Evidence, Service, diagnose},
            ports,
        },
    },
    session::Session,
};

/// How many last lines a card shows.
const TAIL: usize = 12;

/// Telling signs in what the engine says when it cannot start a program.
static NO_PROGRAM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"executable file not found|no such file or directory: unknown")
        .expect("BUG: the pattern is valid")
});

/// The container could not be made.
pub(super) fn not_created(session: &Session, spec: &ContainerSpec, error: &Error) -> Failure {
    let unit = &spec.unit;
    let said = in_words(error);
    match status(error) {
        Some(404) if said.contains("image") => Failure::new(
            unit,
            Kind::ImageMissing,
            format!("{}: {said}", spec.image.reference),
            session.command("up"),
        ),
        Some(409) => Failure::new(
            unit,
            Kind::NameTaken,
            said,
            "docker ps -a   (it is left alone: rename or remove it)",
        ),
        _ => refused(unit, "make its container", error),
    }
}

/// The container is there and could not be started.
pub(super) async fn not_started(
    session: &Session,
    engine: &Engine,
    spec: &ContainerSpec,
    error: &Error,
) -> Failure {
    let said = in_words(error);
    let unit = &spec.unit;
    if let Some(port) = taken_port(&said, &spec.published) {
        let found = port_holder(session, engine, unit, port).await;
        return found.unwrap_or_else(|| {
            let hint = "choose another port for it in the environment's overlay";
            Failure::new(unit, Kind::PortTaken, said, hint)
        });
    }
    if said.contains("exec format error") {
        return foreign(engine, spec, &said).await;
    }
    if NO_PROGRAM.is_match(&said) || said.contains("permission denied") {
        let detail = format!(
            "`{}` in {}: {said}",
            spec.image.program, spec.image.reference
        );
        let hint = format!("docker image inspect {}", spec.image.reference);
        return Failure::new(unit, Kind::NotExecutable, detail, hint);
    }
    refused(unit, "start its container", error)
}

/// Its image is for another processor than the engine's.
async fn foreign(engine: &Engine, spec: &ContainerSpec, said: &str) -> Failure {
    let reference = &spec.image.reference;
    let inspected = engine.docker.inspect_image(reference).await.ok();
    let made_for = inspected.and_then(|image| image.architecture);
    let made_for = made_for.map_or_else(String::new, |made_for| {
        format!(
            "{reference} is for {made_for}, the engine's machine is {}; ",
            engine.architecture
        )
    });
    let hint =
        format!("docker image rm {reference}   (then `up` gets the right one, where there is one)");
    let detail = format!("{made_for}{said}");
    Failure::new(&spec.unit, Kind::WrongArchitecture, detail, hint)
}

fn taken_port<'p>(said: &str, published: &'p [Published]) -> Option<&'p Published> {
    let about_a_port = said.contains("port is already allocated")
        || said.contains("address already in use")
        || said.contains("ports are not available");
    let named = |port: &&Published| said.contains(&format!(":{}", port.outside));
    published
        .iter()
        .find(named)
        .or_else(|| published.first())
        .filter(|_| about_a_port)
}

/// The failure when somebody has a port that we are about to publish; none when it is free.
pub(crate) async fn port_holder(
    session: &Session,
    engine: &Engine,
    unit: &str,
    port: &Published,
) -> Option<Failure> {
    let number = port.outside;
    let environment = &session.environment.name;
    let choose = format!(
        "choose another port in infra/environments/{environment}.yaml: components: {{ {unit}: {{ ports: {{ {}: … }} }} }}",
        port.name
    );
    let (holder, hint) = if let Some(container) = publisher(engine, number).await {
        let hint = format!("docker stop {container}, or {choose}");
        (format!("the container {container}"), hint)
    } else {
        // On another machine only its engine knows, and tells when the container starts.
        let holder = ports::holder(number).filter(|_| engine.is_here())?;
        (holder.to_string(), format!("end that process, or {choose}"))
    };
    let detail = format!(
        "port {number} ({unit}'s `{}`) is taken by {holder}",
        port.name
    );
    Some(Failure::new(unit, Kind::PortTaken, detail, hint))
}

/// The container that publishes a port.
async fn publisher(engine: &Engine, number: u16) -> Option<String> {
    let options = ListContainersOptionsBuilder::default().build();
    let list = engine.docker.list_containers(Some(options)).await.ok()?;
    let publishes = |container: &&bollard::models::ContainerSummary| {
        let ports = container.ports.iter().flatten();
        ports
            .into_iter()
            .any(|port| port.public_port == Some(number))
    };
    let names = list.iter().find(publishes)?.names.clone()?;
    Some(names.first()?.trim_start_matches('/').to_owned())
}

/// A container ended, or is not healthy in time.
pub(super) async fn ended(
    session: &Session,
    engine: &Engine,
    names: &Names,
    spec: &ContainerSpec,
    detail: &str,
    kind: Kind,
) -> Failure {
    let log_tail = tail(engine, &names.container(&spec.unit)).await;
    if detail.starts_with("out of memory") {
        let hint = format!(
            "give {} more: resources.memory in infra/stack.yaml",
            spec.unit
        );
        return Failure::new(&spec.unit, Kind::OutOfMemory, detail, hint).with_log_tail(log_tail);
    }
    let ports = BTreeMap::new();
    let failure = diagnose(Evidence {
        component: &spec.unit,
        detail,
        log_tail,
        ports: &ports,
        otherwise: kind,
        logs_command: session.command(&format!("logs {}", spec.unit)),
        service: Service::of(&session.environment, &spec.unit),
    });
    if failure.kind == Kind::WrongArchitecture {
        let foreign = foreign(engine, spec, &failure.detail).await;
        return foreign.with_log_tail(failure.log_tail);
    }
    if failure.kind == Kind::DiskFull {
        let hint = format!(
            "docker system df   (free some space on the engine's disk; a folder in memory, such as /tmp, holds {TMPFS_SIZE})"
        );
        return Failure { hint, ..failure };
    }
    if !blame::is_suspected(&failure) {
        return failure;
    }
    match observe::containers(engine, names).await {
        Ok(seen) => {
            let reach = Reach::of(engine, seen.values());
            let way = |needed| Way {
                needed,
                at: way(spec, &seen, &reach, needed),
            };
            let ways = spec.needs.iter().map(way).collect();
            blame::root(failure, ways, &session.command("status")).await
        }
        Err(_) => failure,
    }
}

/// From here to a port that a container needs, where there is a way for the container itself.
fn way(
    spec: &ContainerSpec,
    seen: &BTreeMap<String, Seen>,
    reach: &Reach,
    needed: &Needed,
) -> Result<String, String> {
    let joined = |unit: &str| -> BTreeSet<&String> {
        let networks = seen.get(unit).and_then(Seen::networks);
        networks.into_iter().flat_map(HashMap::keys).collect()
    };
    if !seen.get(&needed.component).is_some_and(Seen::is_running) {
        return Err("its container does not run".to_owned());
    }
    if joined(&spec.unit).is_disjoint(&joined(&needed.component)) {
        return Err("they share no network".to_owned());
    }
    reach.translate(&needed.address)
}

/// Its last lines.
pub(super) async fn tail(engine: &Engine, container: &str) -> Vec<String> {
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .tail(&TAIL.to_string())
        .build();
    let lines = engine.docker.logs(container, Some(options));
    lines
        .filter_map(|line| async { line.ok() })
        .map(|line: LogOutput| line.to_string().trim_end().to_owned())
        .collect()
        .await
}
