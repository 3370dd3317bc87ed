//! Renders one file's template, and says what is wrong with it in terms of the template's lines and names.

use minijinja::{Error, ErrorKind, context};

use super::{TemplateTexts, context::Owner};
use crate::model::{
    Diagnostic, FileSpec,
    diagnostic::{any_of, did_you_mean},
};

pub(super) fn render(owner: &Owner<'_>, spec: &FileSpec, templates: &TemplateTexts) -> Result<String, Box<Diagnostic>> {
    let text = templates.get(&spec.template).ok_or_else(|| Diagnostic::new(&spec.template, "the template has not been read"))?;
    let mut engine = owner.engine();
    let others = templates.clone();
    engine.set_loader(move |name| Ok(others.get(name).cloned()));
    let stack = owner.stack();
    let rendered = engine.render_named_str(&spec.template, text, context! { stack => stack });
    rendered.map_err(|error| Box::new(in_template(owner, spec, templates, &error)))
}

fn in_template(owner: &Owner<'_>, spec: &FileSpec, templates: &TemplateTexts, error: &Error) -> Diagnostic {
    let file = error.name().filter(|name| templates.contains_key(*name)).unwrap_or(&spec.template);
    let text = templates.get(file).map_or("", String::as_str);
    let explained = explain(owner, error, &["stack"]);
    let mut diagnostic = Diagnostic { file: file.into(), ..explained }.on_line(text, error.line().unwrap_or_default());
    if let Some(range) = error.range().filter(|range| range.end <= text.len() && text.is_char_boundary(range.start)) {
        let before = &text[..range.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        diagnostic.column = before[line_start..].chars().count() + 1;
        diagnostic.length = text[range].lines().next().map_or(1, |line| line.chars().count());
    }
    diagnostic
}

/// What went wrong, and the names that there are; without a place.
pub(super) fn explain(owner: &Owner<'_>, error: &Error, further_names: &[&str]) -> Diagnostic {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let message = match error.kind() {
        ErrorKind::SyntaxError => format!("not a valid template: {detail}"),
        ErrorKind::UndefinedError => format!("an undefined value is used: {detail}"),
        _ => detail,
    };
    let diagnostic = Diagnostic::new("", message);
    let Some(undefined) = undefined_name(error) else { return diagnostic };
    if undefined.contains('.') {
        let parent = undefined.rsplit_once('.').map_or("", |(parent, _)| parent);
        return diagnostic.hint(format!("`{undefined}` is not there: see what `{parent}` has"));
    }
    let engine = owner.engine();
    let names: Vec<String> = engine.globals().map(|(name, _)| name.to_owned()).chain(further_names.iter().map(ToString::to_string)).collect();
    let ours = names.iter().filter(|name| !matches!(name.as_str(), "range" | "dict" | "debug" | "namespace"));
    diagnostic.expected(any_of(ours)).maybe_hint(did_you_mean(&undefined, &names))
}

/// The expression that was undefined, where the engine says it.
fn undefined_name(error: &Error) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::UndefinedError | ErrorKind::UnknownFunction) {
        return None;
    }
    let text = error.template_source()?.get(error.range()?)?.trim();
    let name = text.split(['|', '(', '[', ' ']).next()?.trim();
    Some(name.to_owned())
}
