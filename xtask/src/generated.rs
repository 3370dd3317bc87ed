//! Files of the project that are made from the code: written by `render --target schema`, checked by `test`.

mod api_document;
mod event_catalogue;

use std::{fs, path::Path};

use anyhow::Result;

use crate::{events::Line, model::schema};

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
    Ok(files)
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
        Err(error) => vec![format!("{} ({error:#})", api_document::FILE)],
    }
}
