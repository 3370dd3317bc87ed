//! Renders one file's template, and says what is wrong with it in terms of the template's lines and names.

use std::{collections::BTreeMap, error::Error as _};

use minijinja::{Error, ErrorKind, Value, context};

use super::{TemplateTexts, context::Owner, names::UnknownName};
use crate::model::{
    Diagnostic, FileSpec,
    diagnostic::{any_of, did_you_mean},
};

pub(super) fn render(
    owner: &Owner<'_>,
    spec: &FileSpec,
    templates: &TemplateTexts,
) -> Result<String, Box<Diagnostic>> {
    let text = templates
        .get(&spec.template)
        .ok_or_else(|| Diagnostic::new(&spec.template, "the template has not been read"))?;
    let mut engine = owner.engine.clone();
    let others = templates.clone();
    engine.set_loader(move |name| Ok(others.get(name).cloned()));
    let stack = owner.stack();
    let rendered = engine.render_named_str(&spec.template, text, context! { stack => stack });
    rendered.map_err(|error| Box::new(in_template(owner, spec, templates, &error)))
}

fn in_template(
    owner: &Owner<'_>,
    spec: &FileSpec,
    templates: &TemplateTexts,
    error: &Error,
) -> Diagnostic {
    let file = error
        .name()
        .filter(|name| templates.contains_key(*name))
        .unwrap_or(&spec.template);
    let text = templates.get(file).map_or("", String::as_str);
    let explained = explain(owner, error, &[("stack", owner.stack())]);
    let mut diagnostic = Diagnostic {
        file: file.into(),
        ..explained
    }
    .on_line(text, error.line().unwrap_or_default());
    if let Some(range) = error
        .range()
        .filter(|range| range.end <= text.len() && text.is_char_boundary(range.start))
    {
        let before = &text[..range.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        diagnostic.column = before[line_start..].chars().count() + 1;
        diagnostic.length = text[range]
            .lines()
            .next()
            .map_or(1, |line| line.chars().count());
    }
    diagnostic
}

/// How the functions are called, for who has forgotten it.
const SIGNATURES: [(&str, &str); 8] = [
    ("address", "address(component, port)"),
    ("file", "file(target)"),
    ("host", "host(component, port)"),
    ("listen", "listen(port)"),
    ("port", "port(port)"),
    ("port_of", "port_of(component, port)"),
    ("secret", "secret(name)"),
    ("url", "url(component, port)"),
];

/// What went wrong, and the names that there are; without a place.
pub(super) fn explain(owner: &Owner<'_>, error: &Error, further: &[(&str, Value)]) -> Diagnostic {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    if let Some(unknown) = error
        .source()
        .and_then(|source| source.downcast_ref::<UnknownName>())
    {
        return Diagnostic::new("", detail)
            .expected(&unknown.expected)
            .maybe_hint(unknown.hint.clone());
    }
    match error.kind() {
        ErrorKind::SyntaxError => Diagnostic::new("", format!("not a valid template: {detail}")),
        ErrorKind::UndefinedError | ErrorKind::UnknownFunction => {
            undefined(owner, error, detail, further)
        }
        ErrorKind::MissingArgument | ErrorKind::TooManyArguments | ErrorKind::InvalidOperation => {
            let called = source_text(error).and_then(|text| {
                SIGNATURES
                    .iter()
                    .find(|(name, _)| text.starts_with(&format!("{name}(")))
            });
            let diagnostic = Diagnostic::new("", detail);
            if let Some((_, signature)) = called {
                diagnostic.expected(format!("`{signature}`"))
            } else {
                diagnostic
            }
        }
        _ => Diagnostic::new("", detail),
    }
}

/// A name that nobody has defined, with those that are defined beside it.
fn undefined(
    owner: &Owner<'_>,
    error: &Error,
    detail: String,
    further: &[(&str, Value)],
) -> Diagnostic {
    let quoted = detail.split('`').nth(1).map(ToOwned::to_owned);
    let Some(name) =
        quoted.or_else(|| source_text(error)?.split('(').next().map(ToOwned::to_owned))
    else {
        return Diagnostic::new("", detail);
    };
    let mut names: BTreeMap<String, Value> = owner
        .engine
        .globals()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    names.extend(
        further
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    // Of `settings.log_levle` it is the last part that is wrong, unless the first is.
    let mut parts = name.split('.').peekable();
    while let Some(part) = parts.next() {
        let Some(value) = names.get(part).filter(|_| parts.peek().is_some()) else {
            let ours = names
                .keys()
                .filter(|name| !ENGINES_OWN.contains(&name.as_str()));
            return Diagnostic::new("", format!("`{name}` is undefined"))
                .expected(any_of(ours))
                .maybe_hint(did_you_mean(part, names.keys()));
        };
        let keys = value.try_iter().into_iter().flatten();
        names = keys
            .filter_map(|key| Some((key.as_str()?.to_owned(), value.get_item(&key).ok()?)))
            .collect();
    }
    Diagnostic::new("", detail)
}

const ENGINES_OWN: [&str; 4] = ["debug", "dict", "namespace", "range"];

/// The part of the template in which the error happened.
fn source_text(error: &Error) -> Option<&str> {
    error.template_source()?.get(error.range()?).map(str::trim)
}
