//! The strings of the stack that are expressions: arguments, variables, commands.

use std::{collections::BTreeMap, path::Path};

use minijinja::{Value, context};

use super::{RenderedPrepare, context::Owner, template::explain};
use crate::model::{Component, Diagnostic, Name, Unit, locate::Half};

/// The unit's own arguments; a job does not take over its component's.
pub(super) fn arguments(owner: &Owner<'_>, found: &mut Vec<Diagnostic>) -> Vec<String> {
    let (section, args) = match owner.unit() {
        Unit::Component(component) => ("components", &component.args),
        Unit::Job(job) => ("jobs", &job.args),
    };
    list(
        owner,
        &[section, owner.name.as_str(), "args"],
        args,
        &Value::UNDEFINED,
        found,
    )
}

/// The unit's variables; a job's own come over those of its component.
pub(super) fn variables(
    owner: &Owner<'_>,
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<String, String> {
    let inherited = owner
        .inherited()
        .map(|(name, component)| ("components", name, &component.env));
    let own = match owner.unit() {
        Unit::Component(component) => ("components", owner.name, &component.env),
        Unit::Job(job) => ("jobs", owner.name, &job.env),
    };
    let mut variables = BTreeMap::new();
    for (section, name, env) in inherited.into_iter().chain([own]) {
        for (key, value) in env {
            match evaluate(owner, value, &Value::UNDEFINED) {
                Ok(value) => drop(variables.insert(key.clone(), value)),
                Err(error) => found.push(located(
                    owner,
                    &[section, name.as_str(), "env", key],
                    &error,
                )),
            }
        }
    }
    variables
}

pub(super) fn reload(
    owner: &Owner<'_>,
    command: &[String],
    found: &mut Vec<Diagnostic>,
) -> Vec<String> {
    list(
        owner,
        &["components", owner.name.as_str(), "reload", "command"],
        command,
        &Value::UNDEFINED,
        found,
    )
}

pub(super) fn prepare(
    owner: &Owner<'_>,
    component: &Component,
    found: &mut Vec<Diagnostic>,
) -> Option<RenderedPrepare> {
    let prepare = component.host.as_ref()?.prepare.as_ref()?;
    let target = owner.places.data(owner.name).join(prepare.creates.as_str());
    let partial = target.with_extension("partial");
    let path = ["components", owner.name.as_str(), "host", "prepare", "args"];
    let args = list(
        owner,
        &path,
        &prepare.args,
        &context! { creates => partial.display().to_string() },
        found,
    );
    Some(RenderedPrepare {
        target,
        partial,
        program: prepare.program.clone(),
        args,
    })
}

/// A check's command line with `file` standing for the candidate.
pub(super) fn check(
    owner: &Owner<'_>,
    written_in: &Name,
    target: &str,
    command: &[String],
    file: &Path,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let section = if owner.environment.stack.components.contains_key(written_in) {
        "components"
    } else {
        "jobs"
    };
    let own = owner
        .files()
        .into_iter()
        .filter(|(name, _)| *name == written_in);
    let index = own
        .map(|(_, file)| file)
        .position(|file| file.target == target)
        .unwrap_or_default()
        .to_string();
    let mut found = Vec::new();
    let path = [section, written_in.as_str(), "files", &index, "check"];
    let command = list(
        owner,
        &path,
        command,
        &context! { file => file.display().to_string() },
        &mut found,
    );
    if found.is_empty() {
        Ok(command)
    } else {
        Err(found)
    }
}

fn list(
    owner: &Owner<'_>,
    path: &[&str],
    texts: &[String],
    further: &Value,
    found: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut list = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match evaluate(owner, text, further) {
            Ok(text) => list.push(text),
            Err(error) => {
                // What the overlay has added is not in the stack: then the list as a whole is pointed at.
                let number = index.to_string();
                let item: Vec<&str> = path.iter().copied().chain([number.as_str()]).collect();
                let is_in_stack = owner.environment.origin.stack.contains(&item);
                found.push(located(
                    owner,
                    if is_in_stack { &item } else { path },
                    &error,
                ));
            }
        }
    }
    list
}

fn evaluate(owner: &Owner<'_>, text: &str, further: &Value) -> Result<String, minijinja::Error> {
    if !text.contains('{') {
        return Ok(text.to_owned());
    }
    let further = if further.is_undefined() {
        context! {}
    } else {
        further.clone()
    };
    owner.engine.render_str(text, further)
}

fn located(owner: &Owner<'_>, path: &[&str], error: &minijinja::Error) -> Diagnostic {
    let explained = explain(owner, error, &[]);
    let at = owner
        .environment
        .origin
        .at(path, Half::Value, explained.message);
    Diagnostic {
        expected: explained.expected,
        hint: explained.hint,
        ..at
    }
}
