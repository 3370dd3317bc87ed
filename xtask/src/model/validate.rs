//! What the types cannot say: names that must exist, ports that must differ, an order that must be possible.
//!
//! Every check looks at the stack as the environment has it, and points at the file that would have to change.

mod containers;
mod graph;
mod parts;
mod ports;
mod values;

use std::collections::BTreeSet;

use super::{
    Component, Diagnostic, Job, Name, Origin, Overlay, Stack,
    diagnostic::{Absent, any_of, did_you_mean},
    load::Sources,
    locate::Half,
};

pub(super) struct Input<'a> {
    pub(super) name: &'a Name,
    pub(super) stack: &'a Stack,
    pub(super) overlay: &'a Overlay,
    pub(super) origin: &'a Origin,
    pub(super) sources: &'a Sources<'a>,
}

/// Every mistake, in no particular order.
pub(super) fn check(input: &Input<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    values::check(input, &mut found);
    parts::check(input, &mut found);
    containers::check(input, &mut found);
    ports::check(input, &mut found);
    graph::check(input, &mut found);
    found
}

impl<'a> Input<'a> {
    /// The component is part of this environment.
    fn is_enabled(&self, name: &Name, component: &Component) -> bool {
        let changed = self
            .overlay
            .components
            .get(name)
            .and_then(|change| change.enabled);
        changed.unwrap_or(component.enabled)
    }

    fn components(&self) -> impl Iterator<Item = (&'a Name, &'a Component)> {
        let (stack, overlay) = (self.stack, self.overlay);
        stack.components.iter().filter(move |(name, component)| {
            overlay
                .components
                .get(*name)
                .and_then(|change| change.enabled)
                .unwrap_or(component.enabled)
        })
    }

    /// The job is part of this environment: `only_in` names it, and its component is there.
    fn is_present(&self, job: &Job) -> bool {
        let component = job
            .of
            .as_ref()
            .and_then(|of| Some((of, self.stack.components.get(of)?)));
        job.runs_in(self.name)
            && component.is_none_or(|(of, component)| self.is_enabled(of, component))
    }

    /// A file that a component or job is made from is not there.
    fn absent(&self, diagnostic: Diagnostic, unit: &str, path: &str) -> Diagnostic {
        Diagnostic {
            absent: Some(Absent {
                path: path.to_owned(),
                unit: unit.to_owned(),
                victims: self.stack.dependents(unit),
            }),
            ..diagnostic
        }
    }

    /// A mistake in `infra/stack.yaml`.
    fn in_stack(&self, path: &[&str], half: Half, message: impl Into<String>) -> Diagnostic {
        self.origin.stack.at(path, half, message)
    }

    fn in_overlay(&self, path: &[&str], half: Half, message: impl Into<String>) -> Diagnostic {
        self.origin.overlay.at(path, half, message)
    }
}

/// "There is no `x`", with those that there are and the nearest of them.
fn unknown<'n>(
    diagnostic: Diagnostic,
    written: &Name,
    known: impl IntoIterator<Item = &'n Name>,
) -> Diagnostic {
    let known: BTreeSet<&str> = known.into_iter().map(Name::as_str).collect();
    diagnostic
        .expected(any_of(&known))
        .maybe_hint(did_you_mean(written.as_str(), &known))
}

/// The secret that holds the password of a component's database role.
pub(crate) fn database_secret(component: &Name) -> String {
    format!("postgres-{component}")
}
