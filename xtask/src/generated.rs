//! Files of the project that are made from the code: written by `render --target schema`, checked by `test`.

mod api_document;
mod event_catalogue;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Result, anyhow};

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

/// Path from the project's root, and content. Fails where the services' documents do not go together.
pub(crate) fn files(project: &Path) -> Result<Vec<(String, String)>> {
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
    // Nor has it services that describe their API.
    if let Ok(parts) = api_document::read(project) {
        let document = serde_json::to_string_pretty(&api_document::merge(&parts)?)?;
        files.push((api_document::FILE.into(), document + "\n"));
        files.push(("docs/routes.md".into(), api_document::routes(&parts)));
    }
    if project.join(compose::FOLDER).is_dir() {
        files.extend(compositions(project)?);
    }
    Ok(files)
}

/// The committed Compose files, and the lock of the images that they name.
fn compositions(project: &Path) -> Result<Vec<(String, String)>> {
    let environment = load::read(project, COMPOSE_ENVIRONMENT)
        .map_err(|found| anyhow!("the model cannot be read: {found:?}"))?;
    let composed = compose_files(project, &environment).map_err(|found| anyhow!("{found:?}"))?;
    let mut files: Vec<(String, String)> = composed
        .into_iter()
        .map(|(name, text)| (format!("{}/{name}", compose::FOLDER), text))
        .collect();
    let wanted = lock::wanted(&environment, project)?;
    let lock = Lock::read(project)?;
    files.push((lock::FILE.into(), lock.with(&wanted).text()));
    Ok(files)
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
    match files(project) {
        Ok(files) => files
            .into_iter()
            .filter(differs)
            .map(|(path, _)| path)
            .collect(),
        Err(error) => vec![format!("{error:#}")],
    }
}
