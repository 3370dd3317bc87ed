//! What `up` would do, and why: a pure function from what should be to what is.
//!
//! The planner sees the world only through [`Observed`], a plain value, so that planning cannot change anything. Every
//! difference is found input by input (program, each argument list, each variable, each rendered file, each secret),
//! and the smallest step that brings the new inputs into force is chosen.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Digest by input, for example `file:prometheus.yml` → `3f2a…`.
pub(crate) type Inputs = BTreeMap<String, String>;

/// What should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Desired {
    pub(crate) nodes: BTreeMap<String, Node>,
}

/// A component or a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Node {
    pub(crate) work: Work,
    pub(crate) inputs: Inputs,
    pub(crate) depends_on: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Work {
    /// Keeps running.
    Component { steps: Steps },
    /// Runs once for its inputs and for the volumes of these components.
    Job { volumes: BTreeSet<String> },
}

/// Which step brings a changed input into force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Steps {
    /// By input (`file:nats.conf`), or by a kind of inputs (`network:`).
    pub(crate) by_input: BTreeMap<String, StepKind>,
    pub(crate) otherwise: StepKind,
}

/// What is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Observed {
    pub(crate) components: BTreeMap<String, ObservedComponent>,
    pub(crate) jobs: BTreeMap<String, ObservedJob>,
    /// Identity of each component's data directory, where it has one on disk.
    pub(crate) volumes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ObservedComponent {
    /// The inputs in force.
    pub(crate) inputs: Inputs,
    /// Digests of its files as they lie on disk, under the keys that they have in `inputs`.
    pub(crate) files: Inputs,
    /// Why something must be done whatever its inputs are; `None` when it runs well or is still starting.
    pub(crate) trouble: Option<Trouble>,
}

/// What is wrong with something that should run, and the least that mends it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Trouble {
    /// The rest of a sentence that begins with "it".
    pub(crate) what: String,
    pub(crate) step: StepKind,
}

/// A job that has succeeded, and for what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObservedJob {
    pub(crate) inputs: Inputs,
    pub(crate) volumes: BTreeMap<String, String>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Step {
    /// The component or job.
    pub(crate) component: String,
    pub(crate) kind: StepKind,
    /// Why, as a sentence.
    pub(crate) cause: String,
    /// The file, variable or other input that changed; where several did, the first, the others in `cause`.
    pub(crate) input: Option<String>,
    /// The components and jobs whose steps come first.
    pub(crate) after: Vec<String>,
}

/// What is done to a component, the smallest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StepKind {
    /// It takes the changed files while it runs.
    Reload,
    /// Its limits are set anew while it runs.
    Update,
    /// It joins the networks that it should be in, and leaves the others, while it runs.
    Connect,
    /// It is started or goes on, as it was.
    Start,
    /// The same program is started again with other inputs.
    Restart,
    /// Another program takes its place.
    Replace,
    Create,
    Remove,
    RunJob,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(crate) fn step(&self, component: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.component == component)
    }
}

/// The steps from `observed` to `desired`, removals first, otherwise by name.
pub(crate) fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut steps: Vec<Step> = observed
        .components
        .keys()
        .filter(|name| !desired.nodes.contains_key(*name))
        .map(|name| Step::new(name, StepKind::Remove, "it is no longer in the model", None))
        .collect();
    let removed: Vec<String> = steps.iter().map(|step| step.component.clone()).collect();
    steps.extend(desired.nodes.iter().filter_map(|(name, node)| {
        let mut step = step_for(name, node, desired, observed)?;
        step.after.clone_from(&removed);
        Some(step)
    }));
    order(&mut steps, desired);
    Plan { steps }
}

fn step_for(name: &str, node: &Node, desired: &Desired, observed: &Observed) -> Option<Step> {
    match &node.work {
        Work::Job { volumes } => job_step(name, node, volumes, desired, observed),
        Work::Component { steps } => match observed.components.get(name) {
            None => Some(Step::new(name, StepKind::Create, "it does not run", None)),
            Some(running) => component_step(name, node, steps, running),
        },
    }
}

fn component_step(
    name: &str,
    node: &Node,
    steps: &Steps,
    running: &ObservedComponent,
) -> Option<Step> {
    let changes = changes(&node.inputs, &running.inputs);
    let edited: Vec<Change> = running
        .files
        .iter()
        .filter(|(input, digest)| {
            node.inputs
                .get(*input)
                .is_some_and(|wanted| wanted != *digest)
        })
        .filter(|(input, _)| !changes.iter().any(|change| change.input == **input))
        .map(|(input, _)| Change {
            input: input.clone(),
            what: "was edited where it was rendered",
        })
        .collect();
    let all: Vec<Change> = changes.into_iter().chain(edited).collect();
    let asked = all.iter().map(|change| steps.step_for(&change.input));
    let kind = asked
        .chain(running.trouble.iter().map(|trouble| trouble.step))
        .max()?;
    let trouble = running
        .trouble
        .iter()
        .map(|trouble| format!("it {}", trouble.what));
    let inputs = (!all.is_empty()).then(|| sentence(&all));
    let cause: Vec<String> = trouble.chain(inputs).collect();
    Some(Step::new(
        name,
        kind,
        &cause.join("; "),
        all.first().map(|change| change.input.clone()),
    ))
}

impl Steps {
    fn step_for(&self, input: &str) -> StepKind {
        let kind = input
            .split_once(':')
            .and_then(|(kind, _)| self.by_input.get(&format!("{kind}:")));
        self.by_input
            .get(input)
            .or(kind)
            .copied()
            .unwrap_or(self.otherwise)
    }
}

fn job_step(
    name: &str,
    node: &Node,
    volumes: &BTreeSet<String>,
    desired: &Desired,
    observed: &Observed,
) -> Option<Step> {
    let Some(done) = observed.jobs.get(name) else {
        return Some(Step::new(
            name,
            StepKind::RunJob,
            "it has not run yet",
            None,
        ));
    };
    // What is not there yet comes with the step that brings its component.
    let is_to_be_made = |volume: &String| {
        let owner = desired.nodes.get(volume);
        owner.is_some_and(|owner| step_for(volume, owner, desired, observed).is_some())
    };
    let is_new = |volume: &&String| {
        let there = observed.volumes.get(*volume);
        done.volumes.get(*volume) != there || (there.is_none() && is_to_be_made(volume))
    };
    if let Some(volume) = volumes.iter().find(is_new) {
        let cause = format!("the data of {volume} is new since it last ran");
        return Some(Step::new(
            name,
            StepKind::RunJob,
            &cause,
            Some(format!("volume:{volume}")),
        ));
    }
    let changes = changes(&node.inputs, &done.inputs);
    let first = changes.first()?.input.clone();
    Some(Step::new(
        name,
        StepKind::RunJob,
        &sentence(&changes),
        Some(first),
    ))
}

struct Change {
    input: String,
    what: &'static str,
}

fn changes(wanted: &Inputs, in_force: &Inputs) -> Vec<Change> {
    let names: BTreeSet<&String> = wanted.keys().chain(in_force.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let what = match (wanted.get(name), in_force.get(name)) {
                (Some(new), Some(old)) if new == old => return None,
                (Some(_), Some(_)) => "changed",
                (Some(_), None) => "is new",
                (None, _) => "is gone",
            };
            Some(Change {
                input: name.clone(),
                what,
            })
        })
        .collect()
}

/// `file rules/platform.yml changed, and 2 more`.
fn sentence(changes: &[Change]) -> String {
    let named: Vec<String> = changes
        .iter()
        .take(3)
        .map(|change| format!("{} {}", change.input.replacen(':', " ", 1), change.what))
        .collect();
    match changes.len().saturating_sub(named.len()) {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

/// Says for each step which other steps come first, and puts the list in an order that keeps to it.
fn order(steps: &mut [Step], desired: &Desired) {
    let with_step: BTreeSet<String> = steps.iter().map(|step| step.component.clone()).collect();
    for step in steps.iter_mut() {
        let needed = desired.dependencies_of(&step.component);
        step.after.extend(needed.intersection(&with_step).cloned());
    }
    steps.sort_by_key(|step| {
        (
            desired.dependencies_of(&step.component).len(),
            step.component.clone(),
        )
    });
    steps.sort_by_key(|step| step.kind != StepKind::Remove);
}

impl Desired {
    /// Everything that must be there before `name`, near and far.
    pub(crate) fn dependencies_of(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&String> = self
            .nodes
            .get(name)
            .into_iter()
            .flat_map(|node| &node.depends_on)
            .collect();
        while let Some(next) = open.pop() {
            if found.insert(next.clone()) {
                open.extend(
                    self.nodes
                        .get(next)
                        .into_iter()
                        .flat_map(|node| &node.depends_on),
                );
            }
        }
        found
    }

    /// Everything that cannot start without `name`, near and far.
    pub(crate) fn dependents_of(&self, name: &str) -> Vec<String> {
        self.nodes
            .keys()
            .filter(|other| self.dependencies_of(other).contains(name))
            .cloned()
            .collect()
    }
}

impl Step {
    fn new(component: &str, kind: StepKind, cause: &str, input: Option<String>) -> Self {
        Self {
            component: component.into(),
            kind,
            cause: cause.into(),
            input,
            after: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
