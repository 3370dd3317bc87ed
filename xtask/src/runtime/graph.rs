//! Runs a plan as a graph, whatever the runtime: everything that can start at once does, everything else waits for what
//! it depends on, and a failure stops only what needs the one that failed.

use std::{collections::BTreeSet, sync::Mutex, time::Instant};

use futures::future::join_all;

use super::gates::{Gate, Gates};
use crate::{
    events::{Event, Phase, Progress},
    failure::{Failure, Kind},
    plan::{Desired, Plan, Step, StepKind, Work},
    reporter::Reporter,
};

/// What a runtime does for one component or job. A step of `None` means that nothing is to be done but to see that it is
/// well.
pub(crate) trait Hands {
    fn remove(&self, name: &str) -> impl Future<Output = Result<(), Failure>>;

    fn component(
        &self,
        name: &str,
        step: Option<&Step>,
        started: Instant,
    ) -> impl Future<Output = Result<Phase, Failure>>;

    fn job(
        &self,
        name: &str,
        step: Option<&Step>,
        volumes: &BTreeSet<String>,
        started: Instant,
    ) -> impl Future<Output = Result<Phase, Failure>>;
}

/// One run.
pub(crate) struct Graph<'a> {
    pub(crate) reporter: &'a Reporter,
    pub(crate) desired: &'a Desired,
    pub(crate) plan: &'a Plan,
}

impl Graph<'_> {
    /// Everything that failed, roots only.
    pub(crate) async fn run(&self, hands: &impl Hands) -> Vec<Failure> {
        let removals = self
            .plan
            .steps
            .iter()
            .filter(|step| step.kind == StepKind::Remove);
        let removed = join_all(removals.map(|step| self.remove(&step.component, hands))).await;
        let mut failures: Vec<Failure> = removed.into_iter().filter_map(Result::err).collect();
        let gates = Gates::new(self.desired.nodes.keys());
        let found = Mutex::new(Vec::new());
        let names = self.desired.nodes.keys();
        join_all(names.map(|name| self.node(name, hands, &gates, &found))).await;
        failures.extend(found.into_inner().unwrap_or_default());
        failures
    }

    async fn remove(&self, name: &str, hands: &impl Hands) -> Result<(), Failure> {
        let started = Instant::now();
        tell(self.reporter, name, Phase::Stopping, Some(started));
        hands.remove(name).await?;
        tell(self.reporter, name, Phase::Stopped, Some(started));
        Ok(())
    }

    /// One component or job, from waiting to the opening of its gate.
    async fn node(
        &self,
        name: &str,
        hands: &impl Hands,
        gates: &Gates,
        found: &Mutex<Vec<Failure>>,
    ) {
        let node = &self.desired.nodes[name];
        let mut waits_on = gates.shut(node.depends_on.iter());
        while !waits_on.is_empty() {
            tell_waiting(self.reporter, name, &waits_on);
            if !gates.moved(&waits_on).await {
                gates.set(name, Gate::Barred);
                return tell(self.reporter, name, Phase::Skipped, None);
            }
            waits_on = gates.shut(node.depends_on.iter());
        }
        let started = Instant::now();
        let step = self.plan.step(name);
        let result = match &node.work {
            Work::Component { .. } => hands.component(name, step, started).await,
            Work::Job { volumes } => hands.job(name, step, volumes, started).await,
        };
        match result {
            Ok(phase) => {
                tell(self.reporter, name, phase, Some(started));
                gates.set(name, Gate::Open);
            }
            Err(failure) => {
                gates.set(name, Gate::Barred);
                tell(self.reporter, name, Phase::Failed, Some(started));
                let failure = self.with_victims(name, failure);
                if let Ok(mut found) = found.lock() {
                    // Each that cannot reach it would say the same once more.
                    let told = failure.kind == Kind::DependencyUnreachable
                        && found
                            .iter()
                            .any(|known: &Failure| known.component == failure.component);
                    if !told {
                        self.reporter.emit(Event::Failure(failure.clone()));
                    }
                    found.push(failure);
                }
            }
        }
    }

    /// What fails is not always the root: then it is the root's first victim.
    fn with_victims(&self, name: &str, failure: Failure) -> Failure {
        let own = (failure.kind == Kind::DependencyUnreachable).then(|| name.to_owned());
        let waiting = self.desired.dependents_of(name).into_iter();
        let victims = own
            .into_iter()
            .chain(waiting)
            .filter(|victim| *victim != failure.component);
        let victims = victims.collect();
        failure.with_victims(victims)
    }
}

/// Where one component or job has got to, and how long it has worked itself.
pub(crate) fn tell(reporter: &Reporter, name: &str, phase: Phase, started: Option<Instant>) {
    let took_ms =
        started.map(|started| u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    reporter.emit(Event::Progress(Progress {
        component: name.to_owned(),
        phase,
        waits_on: Vec::new(),
        took_ms,
    }));
}

fn tell_waiting(reporter: &Reporter, name: &str, waits_on: &[String]) {
    reporter.emit(Event::Progress(Progress {
        component: name.to_owned(),
        phase: Phase::Waiting,
        waits_on: waits_on.to_vec(),
        took_ms: None,
    }));
}
