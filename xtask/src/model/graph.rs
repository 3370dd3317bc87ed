//! The order in which things start: components and jobs are the nodes, `depends_on` the edges.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Condition, Environment, Job, Name, Stack};

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit<'a> {
    Component(&'a Component),
    Job(&'a Job),
}

impl Stack {
    /// What cannot start without `name`, near and far.
    pub(crate) fn dependents(&self, name: &str) -> Vec<String> {
        let components = self.components.iter();
        let components = components.map(|(name, component)| (name, &component.depends_on));
        let jobs = self.jobs.iter().map(|(name, job)| (name, &job.depends_on));
        let edges: Vec<_> = components.chain(jobs).collect();
        let mut found = BTreeSet::from([name]);
        loop {
            let known = found.len();
            for (other, depends_on) in &edges {
                if depends_on.keys().any(|on| found.contains(on.as_str())) {
                    found.insert(other.as_str());
                }
            }
            if found.len() == known {
                break;
            }
        }
        found.remove(name);
        found.into_iter().map(ToOwned::to_owned).collect()
    }
}

impl Environment {
    /// Names are shared by components and jobs, so a name is enough.
    pub(crate) fn unit(&self, name: &Name) -> Option<Unit<'_>> {
        let component = self.stack.components.get(name).map(Unit::Component);
        component.or_else(|| self.stack.jobs.get(name).map(Unit::Job))
    }

    /// Every component and job.
    pub(crate) fn names(&self) -> BTreeSet<&Name> {
        self.stack
            .components
            .keys()
            .chain(self.stack.jobs.keys())
            .collect()
    }

    /// What `name` waits for, and until when.
    pub(crate) fn dependencies(&self, name: &Name) -> BTreeMap<&Name, Condition> {
        let of = match self.unit(name) {
            Some(Unit::Component(component)) => Some(&component.depends_on),
            Some(Unit::Job(job)) => Some(&job.depends_on),
            None => None,
        };
        of.into_iter()
            .flatten()
            .map(|(name, condition)| (name, *condition))
            .collect()
    }

    /// Names in an order in which they can start: all of one batch at once, after those of the batches before.
    pub(crate) fn batches(&self) -> Vec<Vec<&Name>> {
        let mut waiting = self.names();
        let mut batches = Vec::new();
        while !waiting.is_empty() {
            let ready: Vec<&Name> = waiting
                .iter()
                .copied()
                .filter(|name| {
                    self.dependencies(name)
                        .keys()
                        .all(|dependency| !waiting.contains(dependency))
                })
                .collect();
            if ready.is_empty() {
                // A cycle cannot be loaded; were there one, it would be started together rather than never.
                batches.push(waiting.iter().copied().collect());
                break;
            }
            waiting.retain(|name| !ready.contains(name));
            batches.push(ready);
        }
        batches
    }
}

/// The first cycle among `edges` (name → what it depends on), beginning and ending with the same name.
pub(super) fn cycle<'a>(edges: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut done = BTreeSet::new();
    edges
        .keys()
        .find_map(|start| visit(start, edges, &mut Vec::new(), &mut done))
}

fn visit<'a>(
    name: &'a str,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    if done.contains(name) {
        return None;
    }
    if let Some(start) = path.iter().position(|earlier| *earlier == name) {
        return Some(path[start..].iter().copied().chain([name]).collect());
    }
    path.push(name);
    let found = edges
        .get(name)
        .into_iter()
        .flatten()
        .find_map(|next| visit(next, edges, path, done));
    path.pop();
    done.insert(name);
    found
}
