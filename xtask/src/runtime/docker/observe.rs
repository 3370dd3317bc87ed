//! What is: our containers with the inputs that they were made from, their limits and networks as the engine has them
//! now, their files as they lie in them, finished jobs, volumes. Asks with GET alone, so looking changes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

use bollard::{
    errors::Error,
    models::{ContainerInspectResponse, ContainerStateStatusEnum, EndpointSettings},
    query_parameters::{
        DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
        ListVolumesOptionsBuilder,
    },
};
use chrono::{DateTime, Utc};
use futures::{TryStreamExt as _, future::join_all};
use tokio::time::sleep;

use super::{
    blueprint::{Blueprint, JOINED, network_input},
    engine::{Engine, refused, status},
    names::{IDENTITY, INPUTS, KIND, Names, UNIT},
    parcel::{self, Unpacked},
    places::{CONFIG, FILES},
    reach::Reach,
};
use crate::{
    failure::Failure,
    health,
    model::Network,
    paths::Paths,
    plan::{Inputs, Observed, ObservedComponent, StepKind, Trouble},
    runtime::host::{self, protocol::HealthCheck},
};

mod ending;

pub(crate) use ending::KILLED;

/// So many bad answers in a row make it ill, as many as on the host.
const FAILURES: u32 = 3;
const AGAIN: Duration = Duration::from_millis(200);

/// A container of ours.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) unit: String,
    pub(crate) is_job: bool,
    pub(crate) id: String,
    pub(crate) container: ContainerInspectResponse,
    /// What it was made from.
    pub(crate) made_from: Inputs,
    /// Of a component that should have files.
    unpacked: Option<Unpacked>,
    /// What its health check says; none when it does not run.
    pub(crate) health: Option<Result<(), String>>,
}

/// One look at the engine.
pub(crate) struct View {
    pub(crate) seen: BTreeMap<String, Seen>,
    /// Identity of each component's lasting volume.
    pub(crate) volumes: BTreeMap<String, String>,
}

/// Everything of ours. Files are looked at and health is asked for what the blueprint knows.
pub(crate) async fn look(
    engine: &Engine,
    names: &Names,
    blueprint: &Blueprint,
) -> Result<View, Failure> {
    let mut seen = containers(engine, names).await?;
    let reach = Reach::of(engine, seen.values());
    let looks = seen.values().map(|seen| async {
        let spec = blueprint.containers.get(&seen.unit);
        let has_files = spec.is_some_and(|spec| !seen.is_job && !spec.files.is_empty());
        let unpacked = async {
            if has_files {
                files(engine, seen).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let service = spec.and_then(|spec| spec.service());
        let health = async {
            let check = reach.check(&service.filter(|_| seen.is_running())?.health);
            Some(match check {
                Ok(check) => ask(&check).await,
                Err(message) => Err(message),
            })
        };
        let (unpacked, health) = tokio::join!(unpacked, health);
        unpacked.map(|unpacked| (seen.unit.clone(), unpacked, health))
    });
    for look in join_all(looks).await {
        let (unit, unpacked, health) =
            look.map_err(|error| refused("engine", "read a container's files", &error))?;
        if let Some(seen) = seen.get_mut(&unit) {
            (seen.unpacked, seen.health) = (unpacked, health);
        }
    }
    let volumes = volumes(engine, names).await?;
    Ok(View { seen, volumes })
}

/// One bad answer makes nobody ill: on a busy machine who is well is late now and then, and would be restarted for it.
async fn ask(check: &HealthCheck) -> Result<(), String> {
    let mut answer = health::probe(check, super::HEALTH_TIMEOUT).await;
    for _ in 1..FAILURES {
        if answer.is_ok() {
            break;
        }
        sleep(AGAIN).await;
        answer = health::probe(check, super::HEALTH_TIMEOUT).await;
    }
    answer
}

/// Our containers, by component or job.
pub(crate) async fn containers(
    engine: &Engine,
    names: &Names,
) -> Result<BTreeMap<String, Seen>, Failure> {
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&names.filters())
        .build();
    let list = engine
        .docker
        .list_containers(Some(options))
        .await
        .map_err(|error| refused("engine", "list containers", &error))?;
    let ids = list.into_iter().filter_map(|container| container.id);
    let inspected =
        join_all(ids.map(|id| async move { engine.docker.inspect_container(&id, None).await }))
            .await;
    let mut seen = BTreeMap::new();
    for container in inspected {
        match container {
            Ok(container) => {
                if let Some(found) = Seen::of(container, names) {
                    seen.insert(found.unit.clone(), found);
                }
            }
            // It went between the list and the look.
            Err(error) if status(&error) == Some(404) => {}
            Err(error) => return Err(refused("engine", "inspect a container", &error)),
        }
    }
    Ok(seen)
}

/// One of ours, by its name or id.
pub(crate) async fn one(
    engine: &Engine,
    names: &Names,
    container: &str,
) -> Result<Option<Seen>, Failure> {
    match engine.docker.inspect_container(container, None).await {
        Ok(found) => Ok(Seen::of(found, names)),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(refused("engine", "inspect a container", &error)),
    }
}

/// From where the engine keeps them, if that is here and ours to read; an engine before 23 starts a process for each
/// archive that it hands out.
async fn files(engine: &Engine, seen: &Seen) -> Result<Unpacked, Error> {
    if let Some(unpacked) = seen
        .folder_here()
        .and_then(|folder| parcel::lying_in(&folder))
    {
        return Ok(unpacked);
    }
    let options = DownloadFromContainerOptionsBuilder::default()
        .path(&format!("{FILES}/{CONFIG}"))
        .build();
    let archive = engine
        .docker
        .download_from_container(&seen.id, Some(options));
    let archive: Result<Vec<u8>, Error> = archive
        .try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await;
    match archive {
        Ok(archive) => Ok(parcel::unpack(&archive)?),
        // Nothing was put there yet, or it went meanwhile.
        Err(error) if status(&error) == Some(404) => Ok(Unpacked::default()),
        Err(error) => Err(error),
    }
}

pub(crate) async fn volumes(
    engine: &Engine,
    names: &Names,
) -> Result<BTreeMap<String, String>, Failure> {
    let options = ListVolumesOptionsBuilder::default()
        .filters(&names.filters())
        .build();
    let list = engine
        .docker
        .list_volumes(Some(options))
        .await
        .map_err(|error| refused("engine", "list volumes", &error))?;
    let ours = list.volumes.unwrap_or_default().into_iter();
    Ok(ours
        .filter_map(|volume| {
            let unit = volume.labels.get(UNIT)?.clone();
            Some((unit, volume.labels.get(IDENTITY)?.clone()))
        })
        .collect())
}

impl View {
    /// What the planner compares with.
    pub(crate) fn observed(
        &self,
        names: &Names,
        blueprint: &Blueprint,
        paths: &Paths,
        now: DateTime<Utc>,
    ) -> Observed {
        let components = self.seen.values().filter(|seen| !seen.is_job);
        Observed {
            components: components
                .map(|seen| (seen.unit.clone(), seen.observed(names, blueprint, now)))
                .collect(),
            jobs: host::observe::finished_jobs(&paths.jobs()),
            volumes: self.volumes.clone(),
        }
    }
}

impl Seen {
    fn of(container: ContainerInspectResponse, names: &Names) -> Option<Self> {
        let labels = container.config.as_ref()?.labels.as_ref()?;
        let unit = labels.get(UNIT).filter(|_| names.owns(labels))?.clone();
        let made_from = labels
            .get(INPUTS)
            .and_then(|text| serde_json::from_str(text).ok());
        Some(Self {
            is_job: labels.get(KIND).is_some_and(|kind| kind == "job"),
            id: container.id.clone()?,
            made_from: made_from.unwrap_or_default(),
            unit,
            container,
            unpacked: None,
            health: None,
        })
    }

    pub(crate) fn state(&self) -> ContainerStateStatusEnum {
        let state = self.container.state.as_ref();
        state
            .and_then(|state| state.status)
            .unwrap_or(ContainerStateStatusEnum::EMPTY)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state() == ContainerStateStatusEnum::RUNNING
    }

    pub(crate) fn networks(&self) -> Option<&HashMap<String, EndpointSettings>> {
        self.container.network_settings.as_ref()?.networks.as_ref()
    }

    /// Its configuration in the engine's own storage. A volume without a name has the engine's random one, so that nothing
    /// of another machine's engine is found here.
    fn folder_here(&self) -> Option<PathBuf> {
        let mounts = self.container.mounts.as_ref()?;
        let files = mounts
            .iter()
            .find(|mount| mount.destination.as_deref() == Some(FILES))?;
        Some(Path::new(files.source.as_ref()?).join(CONFIG))
    }

    fn observed(
        &self,
        names: &Names,
        blueprint: &Blueprint,
        now: DateTime<Utc>,
    ) -> ObservedComponent {
        let files = self.unpacked.as_ref();
        ObservedComponent {
            inputs: self.in_force(names),
            files: files
                .map(|unpacked| self.files(unpacked))
                .unwrap_or_default(),
            trouble: self.trouble(blueprint, now),
        }
    }

    /// What it was made from, then what the last reload has changed, then what the engine itself knows better.
    fn in_force(&self, names: &Names) -> Inputs {
        let mut inputs = self.made_from.clone();
        let applied = self
            .unpacked
            .as_ref()
            .and_then(|unpacked| unpacked.applied.as_ref());
        for (input, digest) in applied.into_iter().flatten() {
            inputs.insert(input.clone(), digest.clone());
        }
        inputs.retain(|input, _| !input.starts_with("network:"));
        inputs.extend(self.live(names));
        inputs
    }

    fn live(&self, names: &Names) -> Inputs {
        let mut live = Inputs::new();
        if let Some(host) = &self.container.host_config {
            let number = |value: Option<i64>| value.unwrap_or(0).to_string();
            live.insert("limit:memory".into(), number(host.memory));
            live.insert("limit:pids".into(), number(host.pids_limit));
            let cpu = host.nano_cpus.unwrap_or(0) / 1_000_000;
            live.insert("limit:cpu".into(), cpu.to_string());
        }
        for network in self.networks().into_iter().flat_map(HashMap::keys) {
            let ours = Network::ALL
                .into_iter()
                .find(|ours| names.network(*ours) == *network);
            let name = ours.map_or_else(|| network.clone(), |ours| ours.name().to_owned());
            live.insert(network_input(&name), JOINED.into());
        }
        live
    }

    /// Its files as they lie in it, absent ones included.
    fn files(&self, unpacked: &Unpacked) -> Inputs {
        let expected = self
            .made_from
            .keys()
            .filter(|input| input.starts_with("file:"));
        let applied = unpacked.applied.iter().flat_map(Inputs::keys);
        expected
            .chain(applied.filter(|input| input.starts_with("file:")))
            .map(|input| {
                let digest = unpacked.files.get(input).map_or("absent", String::as_str);
                (input.clone(), digest.to_owned())
            })
            .collect()
    }

    /// What is wrong with it, and the least that mends it.
    fn trouble(&self, blueprint: &Blueprint, now: DateTime<Utc>) -> Option<Trouble> {
        use ContainerStateStatusEnum as State;
        let (what, step) = match self.state() {
            State::RUNNING => return self.ill(blueprint, now),
            State::PAUSED => ("is paused".to_owned(), StepKind::Start),
            State::EXITED => (format!("has stopped: {}", self.ending()), StepKind::Start),
            State::RESTARTING => (
                format!("ends again and again: {}", self.ending()),
                StepKind::Restart,
            ),
            State::CREATED => ("was made and never started".to_owned(), StepKind::Replace),
            State::DEAD | State::REMOVING | State::STOPPING | State::EMPTY => {
                ("is half gone".to_owned(), StepKind::Replace)
            }
        };
        Some(Trouble { what, step })
    }

    /// It runs, has had its time to start, and its health check fails.
    fn ill(&self, blueprint: &Blueprint, now: DateTime<Utc>) -> Option<Trouble> {
        let Some(Err(detail)) = &self.health else {
            return None;
        };
        let service = blueprint.containers.get(&self.unit)?.service()?;
        let allowed = chrono::Duration::from_std(service.start_timeout.duration()).ok()?;
        let since = self.since()?;
        (since + allowed < now).then(|| Trouble {
            what: format!("is unhealthy: {detail}"),
            step: StepKind::Restart,
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Hangs up on so many, and answers the next one.
    async fn hangs_up_on(count: u32) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = async move {
            for _ in 0..count {
                drop(listener.accept().await);
            }
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            std::future::pending::<()>().await;
        };
        let path = "/".to_owned();
        let check = HealthCheck::Http { address, path };
        tokio::select! {
            answer = ask(&check) => answer,
            () = server => Ok(()),
        }
    }

    #[tokio::test]
    async fn only_who_fails_again_and_again_is_ill() {
        assert_eq!(hangs_up_on(FAILURES - 1).await, Ok(()));
        assert!(hangs_up_on(FAILURES).await.is_err());
    }
}
