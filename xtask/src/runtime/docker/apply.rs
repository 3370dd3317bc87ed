//! Brings components and jobs to what the plan says, as containers.

mod gate;
mod make;
mod mend;
mod objects;
mod run;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Instant,
};

use super::{
    blueprint::{Blueprint, ContainerSpec},
    engine::{Engine, refused},
    names::Names,
    observe::{self, Seen},
};
use crate::{
    events::Phase,
    failure::{Failure, IoContext as _},
    plan::{Desired, Observed, ObservedJob, Step, StepKind},
    runtime::{
        graph::{self, Hands},
        host::observe::note_job,
    },
    session::Session,
};

pub(crate) struct Apply<'a> {
    pub(crate) session: &'a Session,
    pub(crate) engine: &'a Engine,
    pub(crate) names: &'a Names,
    pub(crate) blueprint: &'a Blueprint,
    pub(crate) desired: &'a Desired,
    pub(crate) observed: &'a Observed,
    /// Our containers as they were when the plan was made.
    pub(crate) seen: &'a BTreeMap<String, Seen>,
}

impl Hands for Apply<'_> {
    async fn remove(&self, name: &str) -> Result<(), Failure> {
        match self.seen.get(name) {
            Some(seen) => self.take_away(seen).await,
            None => Ok(()),
        }
    }

    async fn component(
        &self,
        name: &str,
        step: Option<&Step>,
        started: Instant,
    ) -> Result<Phase, Failure> {
        let spec = &self.blueprint.containers[name];
        match step.map(|step| step.kind) {
            None => {
                if !self.is_well(name) {
                    self.healthy(spec).await?;
                }
                return Ok(Phase::Unchanged);
            }
            Some(StepKind::Create | StepKind::Replace) => {
                self.tell(name, Phase::Preparing, started);
                self.make(spec).await?;
                self.prepare(spec).await?;
                self.tell(name, Phase::Starting, started);
                self.start(spec).await?;
            }
            Some(kind) => {
                let phase = if kind == StepKind::Reload {
                    Phase::Reloading
                } else {
                    Phase::Starting
                };
                self.tell(name, phase, started);
                self.mend(spec, kind).await?;
            }
        }
        self.healthy(spec).await?;
        Ok(Phase::Healthy)
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
        self.run_to_end(&self.blueprint.containers[name]).await?;
        let identities = observe::volumes(self.engine, self.names).await?;
        let volumes = volumes
            .iter()
            .filter_map(|volume| Some((volume.clone(), identities.get(volume)?.clone())))
            .collect();
        let done = ObservedJob {
            inputs: self.desired.nodes[name].inputs.clone(),
            volumes,
        };
        note_job(&self.session.paths, name, &done).doing("note the end of", Path::new(name))?;
        Ok(Phase::Completed)
    }
}

impl Apply<'_> {
    /// Whether its health check passed when the plan was made.
    fn is_well(&self, name: &str) -> bool {
        let seen = self.seen.get(name);
        seen.is_some_and(|seen| matches!(seen.health, Some(Ok(()))))
    }

    fn container(&self, spec: &ContainerSpec) -> String {
        self.names.container(&spec.unit)
    }

    fn tell(&self, name: &str, phase: Phase, started: Instant) {
        graph::tell(&self.session.reporter, name, phase, Some(started));
    }

    /// Ends it in its own manner and forgets it, with what it was configured with.
    async fn take_away(&self, seen: &Seen) -> Result<(), Failure> {
        super::stop::take_away(self.engine, &seen.id)
            .await
            .map_err(|error| refused(&seen.unit, "remove its container", &error))
    }
}
