//! Files of the project that are made from the code: written by `render --target schema`, checked by `test`.

mod event_catalogue;

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    commands::rejected,
    events::Line,
    failure::Failures,
    images::{Lock, lock},
    model::{Environment, load, schema},
    render::{self, compose},
    runtime::docker::places::ContainerPlaces,
};

/// The environment that the committed Compose files are made for.
const COMPOSE_ENVIRONMENT: &str = "dev";

/// Path from the project's root, and content.
pub(crate) fn files(project: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = schema::generate()
        .into_iter()
        .map(|(path, text)| (path.to_string(), text))
        .collect();
    let events = serde_json::to_string_pretty(&schemars::schema_for!(Line)).unwrap_or_default();
    files.push(("docs/toolkit-events.schema.json".into(), events + "\n"));
    files.push(("docs/invariants.md".into(), crate::verify::document()));
    // A project without contracts (a test's) has no events to list.
    if let Ok(text) = event_catalogue::document(project) {
        files.push(("docs/events.md".into(), text));
    }
    // Nor has it an environment to compose, or images to lock.
    if let Ok(environment) = load::read(project, COMPOSE_ENVIRONMENT) {
        if let Ok(composed) = compose_files(project, &environment) {
            let composed = composed.into_iter();
            files
                .extend(composed.map(|(name, text)| (format!("{}/{name}", compose::FOLDER), text)));
        }
        if let (Ok(wanted), Ok(lock)) = (lock::wanted(&environment, project), Lock::read(project)) {
            files.push((lock::FILE.into(), lock.with(&wanted).text()));
        }
    }
    files
}

/// The Compose files of an environment, by path under their folder.
pub(crate) fn compose_files(
    project: &Path,
    environment: &Environment,
) -> Result<BTreeMap<String, String>, Failures> {
    let inside = environment.inside_containers();
    let templates = render::read::templates(project, &inside).map_err(rejected)?;
    let rendered = render::render(&inside, &templates, &ContainerPlaces).map_err(rejected)?;
    let lock = Lock::read(project)?;
    Ok(compose::files(environment, &inside, &rendered, &lock))
}

/// Those that are not as the code makes them.
pub(crate) fn stale(project: &Path) -> Vec<String> {
    let differs = |(path, text): &(String, String)| {
        fs::read_to_string(project.join(path)).ok().as_ref() != Some(text)
    };
    files(project)
        .into_iter()
        .filter(differs)
        .map(|(path, _)| path)
        .collect()
}
