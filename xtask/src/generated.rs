//! Files of the project that are made from the code: written by `render --target schema`, checked by `test`.

mod event_catalogue;

use std::{fs, path::Path};

use crate::{events::Line, model::schema};

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
    files
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
