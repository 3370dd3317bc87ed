//! Mends a container without making a new one: its files, its limits, its networks, and only then a start or restart.

use bollard::models::{ContainerUpdateBody, NetworkDisconnectRequest};

use super::Apply;
use crate::{
    failure::{Failure, Kind},
    model::Network,
    plan::{Inputs, StepKind},
    runtime::docker::{
        blueprint::ContainerSpec, card, create, engine::refused, files, parcel, places::FILES,
        reach::Reach, reload,
    },
};

impl Apply<'_> {
    /// Everything that differs and needs no new container; `kind` is the greatest of it.
    pub(super) async fn mend(&self, spec: &ContainerSpec, kind: StepKind) -> Result<(), Failure> {
        let container = self.container(spec);
        let new_files = self.files_differ(&spec.unit);
        if new_files {
            let parcel = parcel::config(&spec.files);
            files::put(self.engine, &container, FILES, parcel)
                .await
                .map_err(|error| refused(&spec.unit, "put its files into its container", &error))?;
        }
        if self.differs(&spec.unit, "limit:") {
            self.limit(spec).await?;
        }
        if self.differs(&spec.unit, "network:") {
            self.reconnect(spec).await?;
        }
        match kind {
            StepKind::Start => self.go_on(spec).await?,
            StepKind::Restart => self.restart(spec).await?,
            _ if new_files => self.reload(spec).await?,
            _ => {}
        }
        if new_files {
            let note = parcel::applied(&spec.inputs);
            files::put(self.engine, &container, FILES, note)
                .await
                .map_err(|error| refused(&spec.unit, "note what is in force", &error))?;
        }
        Ok(())
    }

    fn files_differ(&self, unit: &str) -> bool {
        let edited = self.observed.components.get(unit).is_some_and(|component| {
            let wanted = &self.desired.nodes[unit].inputs;
            let mut files = component.files.iter();
            files.any(|(input, digest)| wanted.get(input) != Some(digest))
        });
        edited || self.differs(unit, "file:")
    }

    /// Whether inputs of this kind are in force that should not be, or the other way round.
    fn differs(&self, unit: &str, kind: &str) -> bool {
        let of_kind = |inputs: &Inputs| -> Inputs {
            let matching = inputs.iter().filter(|(input, _)| input.starts_with(kind));
            matching
                .map(|(input, digest)| (input.clone(), digest.clone()))
                .collect()
        };
        let observed = self.observed.components.get(unit);
        let in_force = observed.map(|component| of_kind(&component.inputs));
        in_force.unwrap_or_default() != of_kind(&self.desired.nodes[unit].inputs)
    }

    async fn limit(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let memory = i64::try_from(spec.memory().0).unwrap_or(i64::MAX);
        let body = ContainerUpdateBody {
            memory: Some(memory),
            memory_swap: Some(memory),
            nano_cpus: spec.confinement.cpu.map(create::nano_cpus),
            pids_limit: Some(spec.confinement.pids.into()),
            ..ContainerUpdateBody::default()
        };
        let updated = self
            .engine
            .docker
            .update_container(&self.container(spec), body)
            .await;
        updated.map_err(|error| refused(&spec.unit, "set its limits", &error))
    }

    async fn reconnect(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let Some(seen) = self.seen.get(&spec.unit) else {
            return Ok(());
        };
        let joined: Vec<&String> = seen
            .networks()
            .into_iter()
            .flat_map(|all| all.keys())
            .collect();
        let wanted: Vec<Network> = spec.confinement.networks.iter().copied().collect();
        for network in &wanted {
            if !joined.contains(&&self.names.network(*network)) {
                self.join(spec, *network).await?;
            }
        }
        let is_wanted = |name: &str| {
            wanted
                .iter()
                .any(|network| self.names.network(*network) == name)
        };
        for name in joined.into_iter().filter(|name| !is_wanted(name)) {
            let request = NetworkDisconnectRequest {
                container: self.container(spec),
                force: Some(true),
            };
            let left = self.engine.docker.disconnect_network(name, request).await;
            left.map_err(|error| {
                refused(&spec.unit, &format!("leave the network {name}"), &error)
            })?;
        }
        Ok(())
    }

    async fn go_on(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let seen = self.seen.get(&spec.unit);
        let paused = seen
            .is_some_and(|seen| seen.state() == bollard::models::ContainerStateStatusEnum::PAUSED);
        if !paused {
            return self.start(spec).await;
        }
        let unpaused = self
            .engine
            .docker
            .unpause_container(&self.container(spec))
            .await;
        unpaused.map_err(|error| refused(&spec.unit, "let it go on", &error))?;
        // What it missed meanwhile it reads now.
        if self.files_differ(&spec.unit) {
            self.reload(spec).await?;
        }
        Ok(())
    }

    async fn restart(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let restarted = self
            .engine
            .docker
            .restart_container(&self.container(spec), None)
            .await;
        match restarted {
            Ok(()) => Ok(()),
            Err(error) => Err(card::not_started(self.session, self.engine, spec, &error).await),
        }
    }

    async fn reload(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let Some(how) = spec.service().and_then(|service| service.reload.as_ref()) else {
            return Ok(());
        };
        let reach = Reach::of(self.engine, self.seen.values());
        let reloaded = reload::reload(self.engine, &self.container(spec), &reach, how).await;
        match reloaded {
            Ok(()) => Ok(()),
            Err(message) => {
                let hint = format!(
                    "correct the template; {} goes on with what it had",
                    spec.unit
                );
                let tail = card::tail(self.engine, &self.container(spec)).await;
                Err(
                    Failure::new(&spec.unit, Kind::ConfigRejected, message, hint)
                        .with_log_tail(tail),
                )
            }
        }
    }
}
