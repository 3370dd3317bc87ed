//! Reads the texts of the templates that an environment uses.

use std::{fs, path::Path};

use super::TemplateTexts;
use crate::model::{Diagnostic, Diagnostics, Environment};

/// Every template of every component and job.
pub(crate) fn templates(
    project: &Path,
    environment: &Environment,
) -> Result<TemplateTexts, Diagnostics> {
    let stack = &environment.stack;
    let components = stack
        .components
        .values()
        .flat_map(|component| &component.files);
    let files = components.chain(stack.jobs.values().flat_map(|job| &job.files));
    let mut texts = TemplateTexts::new();
    let mut found = Vec::new();
    for file in files {
        match fs::read_to_string(project.join(&file.template)) {
            Ok(text) => drop(texts.insert(file.template.clone(), text)),
            Err(error) => found.push(Diagnostic::new(
                &file.template,
                format!("cannot be read: {error}"),
            )),
        }
    }
    if found.is_empty() {
        Ok(texts)
    } else {
        Err(Diagnostics::sorted(found))
    }
}
