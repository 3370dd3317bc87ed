//! Dependencies: each exists in this environment, with a condition that it can reach, and none waits for itself.

use std::collections::BTreeMap;

use super::{Diagnostic, Half, Input, unknown};
use crate::model::{Condition, Name, graph::cycle};

pub(super) fn check(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    let stack = input.stack;
    for name in stack
        .jobs
        .keys()
        .filter(|name| stack.components.contains_key(*name))
    {
        let at = input.in_stack(
            &["jobs", name.as_str()],
            Half::Key,
            format!("`{name}` is a component already"),
        );
        found.push(at.expected("a name that no component has"));
    }
    for (name, component) in input.components() {
        edges(
            input,
            ["components", name.as_str()],
            &component.depends_on,
            found,
        );
    }
    for (name, job) in stack.jobs.iter().filter(|(_, job)| input.is_present(job)) {
        edges(input, ["jobs", name.as_str()], &job.depends_on, found);
    }
    cycles(input, found);
}

fn edges(
    input: &Input<'_>,
    owner: [&str; 2],
    dependencies: &BTreeMap<Name, Condition>,
    found: &mut Vec<Diagnostic>,
) {
    for (dependency, condition) in dependencies {
        let path = [owner[0], owner[1], "depends_on", dependency.as_str()];
        if let Some(component) = input.stack.components.get(dependency) {
            if *condition == Condition::Completed {
                let at = input.in_stack(
                    &path,
                    Half::Value,
                    format!("`{dependency}` is a component, which never completes"),
                );
                found.push(at.expected("`healthy` or `started`"));
            }
            if !input.is_enabled(dependency, component) {
                found.push(disabled(input, owner, dependency));
            }
        } else if let Some(job) = input.stack.jobs.get(dependency) {
            if *condition != Condition::Completed {
                let at = input.in_stack(
                    &path,
                    Half::Value,
                    format!("`{dependency}` is a job, which does not stay"),
                );
                found.push(at.expected("`completed`"));
            }
            if !input.is_present(job) {
                found.push(absent_job(input, owner, &path, dependency));
            }
        } else {
            let at = input.in_stack(
                &path,
                Half::Key,
                format!("there is no component or job `{dependency}`"),
            );
            found.push(unknown(
                at,
                dependency,
                input.stack.components.keys().chain(input.stack.jobs.keys()),
            ));
        }
    }
}

fn disabled(input: &Input<'_>, owner: [&str; 2], dependency: &Name) -> Diagnostic {
    let path = ["components", dependency.as_str(), "enabled"];
    let message = format!(
        "`{dependency}` is left out, but `{}` depends on it",
        owner[1]
    );
    input.origin.at(&path, Half::Value, message).hint(format!(
        "leave out `{}` too, or keep `{dependency}`",
        owner[1]
    ))
}

fn absent_job(input: &Input<'_>, owner: [&str; 2], path: &[&str], dependency: &Name) -> Diagnostic {
    let message = format!(
        "the job `{dependency}` does not run in `{}`, but `{}` depends on it",
        input.name, owner[1]
    );
    let hint = format!("see `only_in` and `of` of `{dependency}`");
    input.in_stack(path, Half::Key, message).hint(hint)
}

fn cycles(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    let stack = input.stack;
    let components = input
        .components()
        .map(|(name, component)| (name, &component.depends_on));
    let jobs = stack.jobs.iter().map(|(name, job)| (name, &job.depends_on));
    let edges: BTreeMap<&str, Vec<&str>> = components
        .chain(jobs)
        .map(|(name, on)| (name.as_str(), on.keys().map(Name::as_str).collect()))
        .collect();
    if let Some(cycle) = cycle(&edges) {
        let section = if stack
            .components
            .keys()
            .any(|name| name.as_str() == cycle[0])
        {
            "components"
        } else {
            "jobs"
        };
        let message = format!("these wait for each other: {}", cycle.join(" → "));
        let at = input.in_stack(
            &[section, cycle[0], "depends_on", cycle[1]],
            Half::Key,
            message,
        );
        found.push(at.hint("take one of these dependencies away"));
    }
}
