//! From an environment and the texts of its templates to everything that a runtime needs: files, arguments,
//! variables, commands. Pure: the same input gives the same bytes, and nothing here looks at the machine.
//!
//! `read` fetches the templates, `check` asks each file's own program, `write` puts the files in place.

pub(crate) mod check;
pub(crate) mod compose;
mod context;
mod expression;
mod names;
pub(crate) mod places;
pub(crate) mod read;
mod stack_view;
mod template;
pub(crate) mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::model::{
    Diagnostic, Diagnostics, Environment, FileSpec, Health, Name, OnChange, Reload, Signal, Unit,
};

use context::Owner;
pub(crate) use places::{HostPlaces, Places};

/// Template path → text.
pub(crate) type TemplateTexts = BTreeMap<String, String>;

/// One environment, rendered: an entry for each component and each job.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) units: BTreeMap<Name, RenderedUnit>,
}

/// What one component or job is started from. A job that is `of` a component has that component's variables and
/// files too, and its own copies of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RenderedUnit {
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// By target, the path under the unit's configuration directory.
    pub(crate) files: BTreeMap<String, RenderedFile>,
    /// The secrets that it may read, by name.
    pub(crate) secrets: BTreeMap<Name, PathBuf>,
    /// None for jobs.
    pub(crate) health: Option<RenderedHealth>,
    pub(crate) reload: Option<RenderedReload>,
    pub(crate) prepare: Option<RenderedPrepare>,
    /// Ports of other components that it is told of.
    pub(crate) needs: Vec<Needed>,
}

/// A port of another component, as it is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Needed {
    pub(crate) component: String,
    pub(crate) port: String,
    /// host:port
    pub(crate) address: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RenderedFile {
    /// The template that it comes from, to tell people what to edit.
    pub(crate) template: String,
    pub(crate) content: String,
    pub(crate) on_change: OnChange,
    /// It has a program that checks it.
    pub(crate) checked: bool,
}

/// A health check with its address.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RenderedHealth {
    pub(crate) kind: &'static str,
    /// host:port
    pub(crate) address: String,
    /// For `http`.
    pub(crate) path: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RenderedReload {
    Signal(Signal),
    /// A POST to this address and path.
    Http {
        address: String,
        path: String,
    },
    /// The program first.
    Command(Vec<String>),
}

/// Fill `partial` with `program` and `args`, then rename it to `target`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RenderedPrepare {
    pub(crate) target: PathBuf,
    pub(crate) partial: PathBuf,
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
}

/// Renders everything, or says everything that is wrong.
pub(crate) fn render(
    environment: &Environment,
    templates: &TemplateTexts,
    places: &dyn Places,
) -> Result<Rendered, Diagnostics> {
    let mut found = Vec::new();
    let mut rendered = Rendered::default();
    for name in environment.names() {
        let owner = Owner::new(environment, places, name);
        rendered
            .units
            .insert(name.clone(), render_unit(&owner, templates, &mut found));
    }
    if found.is_empty() {
        return Ok(rendered);
    }
    // A job that takes a component over repeats the component's mistakes.
    let mut places = BTreeSet::new();
    found.retain(|diagnostic| {
        let Diagnostic {
            file, line, column, ..
        } = diagnostic;
        *column == 0 || places.insert((file.clone(), *line, *column))
    });
    Err(Diagnostics::sorted(found))
}

fn render_unit(
    owner: &Owner<'_>,
    templates: &TemplateTexts,
    found: &mut Vec<Diagnostic>,
) -> RenderedUnit {
    let mut unit = RenderedUnit {
        args: expression::arguments(owner, found),
        env: expression::variables(owner, found),
        secrets: owner
            .secrets()
            .into_iter()
            .map(|secret| (secret.clone(), owner.places.secret(owner.name, secret)))
            .collect(),
        ..RenderedUnit::default()
    };
    for (_, spec) in owner.files() {
        match template::render(owner, spec, templates) {
            Ok(content) => {
                unit.files
                    .insert(spec.target.clone(), rendered_file(spec, content));
            }
            Err(diagnostic) => found.push(*diagnostic),
        }
    }
    if let Some(Unit::Component(component)) = owner.environment.unit(owner.name) {
        unit.health = Some(health(owner, &component.health));
        unit.reload = component
            .reload
            .as_ref()
            .map(|reload| self::reload(owner, reload, found));
        unit.prepare = expression::prepare(owner, component, found);
    }
    unit.needs = owner.needs();
    unit
}

fn rendered_file(spec: &FileSpec, content: String) -> RenderedFile {
    RenderedFile {
        template: spec.template.clone(),
        content,
        on_change: spec.on_change,
        checked: spec.check.is_some(),
    }
}

fn health(owner: &Owner<'_>, health: &Health) -> RenderedHealth {
    RenderedHealth {
        kind: health.kind(),
        address: owner.own_address(health.port()),
        path: health.path().map(ToOwned::to_owned),
    }
}

fn reload(owner: &Owner<'_>, reload: &Reload, found: &mut Vec<Diagnostic>) -> RenderedReload {
    match reload {
        Reload::Signal(signal) => RenderedReload::Signal(*signal),
        Reload::Http(target) => RenderedReload::Http {
            address: owner.own_address(&target.port),
            path: target.path.clone(),
        },
        Reload::Command(command) => {
            RenderedReload::Command(expression::reload(owner, &command.0, found))
        }
    }
}

#[cfg(test)]
mod tests;
