//! From the texts of the model's files to a checked environment.
//!
//! [`load`] is pure: it is given texts and two questions about the project. [`read`] is the one function that looks
//! at the disk.

use std::{collections::BTreeSet, fs, io, path::Path};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_yaml::with::singleton_map_recursive;

use super::{
    Environment, Name, Origin, Overlay, Stack,
    diagnostic::{Diagnostic, Diagnostics, any_of, did_you_mean},
    locate::{Document, Place},
    overlay, schema, structure, validate,
};

pub(crate) const STACK_FILE: &str = "infra/stack.yaml";
pub(crate) const ENVIRONMENTS: &str = "infra/environments";

/// What [`load`] needs to know of the project.
pub(crate) struct Sources<'a> {
    /// Text of `infra/stack.yaml`.
    pub(crate) stack: &'a str,
    /// Text of the environment's overlay.
    pub(crate) overlay: &'a str,
    /// The environments that there are.
    pub(crate) environments: &'a BTreeSet<String>,
    /// Whether a path of the project exists.
    pub(crate) exists: &'a dyn Fn(&str) -> bool,
}

/// Reads the model's files below `project` and loads the environment.
pub(crate) fn read(project: &Path, environment: &str) -> Result<Environment, Diagnostics> {
    let environments = list_environments(project)?;
    if !environments.contains(environment) {
        return Err(unknown_environment(environment, &environments).into());
    }
    let stack = read_file(project, STACK_FILE)?;
    let overlay = read_file(project, &overlay_file(environment))?;
    let exists = |path: &str| project.join(path).exists();
    load(
        &Sources {
            stack: &stack,
            overlay: &overlay,
            environments: &environments,
            exists: &exists,
        },
        environment,
    )
}

/// The names of the environments: the files in `infra/environments`.
pub(crate) fn list_environments(project: &Path) -> Result<BTreeSet<String>, Diagnostics> {
    let entries = fs::read_dir(project.join(ENVIRONMENTS))
        .map_err(|error| cannot_read(ENVIRONMENTS, &error))?;
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    let overlays = files.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    Ok(overlays
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect())
}

/// Parses, checks and lays over. Every mistake that can be found is reported, not only the first.
pub(crate) fn load(sources: &Sources<'_>, environment: &str) -> Result<Environment, Diagnostics> {
    let name: Name = environment
        .parse()
        .map_err(|message: String| Diagnostic::new(ENVIRONMENTS, message))?;
    if !sources.environments.contains(environment) {
        return Err(unknown_environment(environment, sources.environments).into());
    }
    let stack = parse::<Stack>(STACK_FILE, sources.stack);
    let overlay = parse::<Overlay>(&overlay_file(environment), sources.overlay);
    let ((stack_document, stack), (overlay_document, overlay)) = match (stack, overlay) {
        (Ok(stack), Ok(overlay)) => (stack, overlay),
        (stack, overlay) => {
            let found = stack
                .err()
                .into_iter()
                .chain(overlay.err())
                .flatten()
                .collect();
            return Err(Diagnostics::sorted(found));
        }
    };
    let origin = Origin {
        stack: stack_document,
        overlay: overlay_document,
    };
    let found = validate::check(&validate::Input {
        name: &name,
        stack: &stack,
        overlay: &overlay,
        origin: &origin,
        sources,
    });
    if !found.is_empty() {
        return Err(Diagnostics::sorted(found));
    }
    Ok(overlay::apply(name, stack, overlay, origin))
}

fn parse<T: DeserializeOwned + JsonSchema>(
    file: &str,
    text: &str,
) -> Result<(Document, T), Vec<Diagnostic>> {
    let document = Document::parse(file, text).map_err(|diagnostic| vec![*diagnostic])?;
    let found = structure::check(&document, &schema::of::<T>());
    if !found.is_empty() {
        return Err(found);
    }
    // A file of comments alone says nothing, which is as good as an empty mapping.
    let text = if document.root().is_some() {
        text
    } else {
        "{}"
    };
    let parsed = singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(text));
    let value = parsed.map_err(|error: serde_yaml::Error| vec![untyped(&document, &error)])?;
    Ok((document, value))
}

/// What only serde has found: its message ends with the place that the diagnostic gives anyway.
fn untyped(document: &Document, error: &serde_yaml::Error) -> Diagnostic {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let place = error.location().map_or_else(Place::default, |at| Place {
        line: at.line(),
        column: at.column(),
        length: 1,
    });
    document.at_place(place, message)
}

fn overlay_file(environment: &str) -> String {
    format!("{ENVIRONMENTS}/{environment}.yaml")
}

fn unknown_environment(environment: &str, environments: &BTreeSet<String>) -> Diagnostic {
    Diagnostic::new(
        ENVIRONMENTS,
        format!("there is no environment `{environment}`"),
    )
    .expected(any_of(environments))
    .hint(format!(
        "make it with a file {}, which may be empty",
        overlay_file(environment)
    ))
    .maybe_hint(did_you_mean(environment, environments))
}

fn read_file(project: &Path, file: &str) -> Result<String, Diagnostics> {
    fs::read_to_string(project.join(file)).map_err(|error| cannot_read(file, &error))
}

fn cannot_read(file: &str, error: &io::Error) -> Diagnostics {
    Diagnostic::new(file, format!("cannot be read: {error}")).into()
}
