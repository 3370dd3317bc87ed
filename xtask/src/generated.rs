//! Files of the project that are made from the code: written by `render --target schema`, checked by `test`.

use std::{fs, path::Path};

use crate::{events::Line, model::schema};

/// Path from the project's root, and content.
pub(crate) fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = schema::generate()
        .into_iter()
        .map(|(path, text)| (path.to_string(), text))
        .collect();
    let events = serde_json::to_string_pretty(&schemars::schema_for!(Line)).unwrap_or_default();
    files.push(("docs/toolkit-events.schema.json".into(), events + "\n"));
    files
}

/// Those that are not as the code makes them.
pub(crate) fn stale(project: &Path) -> Vec<String> {
    let differs = |(path, text): &(String, String)| {
        fs::read_to_string(project.join(path)).ok().as_ref() != Some(text)
    };
    files()
        .into_iter()
        .filter(differs)
        .map(|(path, _)| path)
        .collect()
}
