//! Settings, secrets and the overlay's own names.

use minijinja::Environment as Templates;

use super::{Diagnostic, Half, Input, unknown};
use crate::model::{Secret, diagnostic::did_you_mean};

const LARGEST_OFFSET: u16 = 40_000;

pub(super) fn check(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    settings(input, found);
    secrets(input, found);
    overlay(input, found);
}

fn settings(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    let changes = &input.overlay.settings;
    let url = changes
        .public_url
        .as_ref()
        .unwrap_or(&input.stack.settings.public_url);
    let with_scheme = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    if with_scheme.is_none_or(|rest| rest.is_empty() || rest.contains('/')) {
        let message = format!("`{url}` is not an address of the edge");
        let at = input
            .origin
            .at(&["settings", "public_url"], Half::Value, message);
        found.push(at.expected("http:// or https://, a host and perhaps a port, and nothing after them, not even a slash"));
    }
    let stack = &input.stack.settings;
    for (name, changed, email) in [
        ("alert_email", &changes.alert_email, &stack.alert_email),
        ("admin_email", &changes.admin_email, &stack.admin_email),
        ("shop_email", &changes.shop_email, &stack.shop_email),
    ] {
        let email = changed.as_ref().unwrap_or(email);
        if !is_email(email) {
            let message = format!("`{email}` is not an e-mail address");
            let at = input.origin.at(&["settings", name], Half::Value, message);
            found.push(at.expected("name@host"));
        }
    }
}

/// Whether it could be one: only sending a mail tells more.
fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        && !text.contains(char::is_whitespace)
}

fn secrets(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    for (name, secret) in &input.stack.secrets {
        let path = ["secrets", name.as_str()];
        match secret {
            Secret::Random { bytes } if !(12..=64).contains(bytes) => {
                let message = format!("{bytes} random bytes");
                let at = input.in_stack(&["secrets", name.as_str(), "bytes"], Half::Value, message);
                found.push(at.expected("12 to 64: fewer can be guessed, more add nothing"));
            }
            Secret::Random { .. } => {}
            Secret::Derived { format } => derived(input, &path, format, found),
        }
    }
}

fn derived(input: &Input<'_>, path: &[&str; 2], format: &str, found: &mut Vec<Diagnostic>) {
    let place = [path[0], path[1], "format"];
    let templates = Templates::new();
    let used = match templates.template_from_str(format) {
        Ok(template) => template.undeclared_variables(false),
        Err(error) => {
            return found.push(input.in_stack(
                &place,
                Half::Value,
                format!("not a template: {error}"),
            ));
        }
    };
    let random = || {
        input
            .stack
            .secrets
            .iter()
            .filter(|(_, secret)| matches!(secret, Secret::Random { .. }))
            .map(|(name, _)| name)
    };
    let known: Vec<String> = random()
        .map(|name| name.as_str().replace('-', "_"))
        .collect();
    let mut missing: Vec<&String> = used.iter().filter(|name| !known.contains(name)).collect();
    missing.sort();
    for name in missing {
        let message = format!("`{name}` is not a secret of random bytes");
        let expected = crate::model::diagnostic::any_of(&known);
        found.push(
            input
                .in_stack(&place, Half::Value, message)
                .expected(expected)
                .maybe_hint(did_you_mean(name, &known)),
        );
    }
}

fn overlay(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    if input.overlay.port_offset > LARGEST_OFFSET {
        let message = format!("the offset {} is too great", input.overlay.port_offset);
        found.push(
            input
                .in_overlay(&["port_offset"], Half::Value, message)
                .expected(format!("0 to {LARGEST_OFFSET}")),
        );
    }
    for (name, change) in &input.overlay.components {
        let Some(component) = input.stack.components.get(name) else {
            let at = input.in_overlay(
                &["components", name.as_str()],
                Half::Key,
                format!("there is no component `{name}`"),
            );
            found.push(unknown(at, name, input.stack.components.keys()));
            continue;
        };
        for port in change
            .ports
            .keys()
            .filter(|port| !component.ports.contains_key(*port))
        {
            let path = ["components", name.as_str(), "ports", port.as_str()];
            let at = input.in_overlay(&path, Half::Key, format!("`{name}` has no port `{port}`"));
            found.push(unknown(at, port, component.ports.keys()));
        }
        variables(
            &["components", name.as_str(), "env"],
            change.env.keys(),
            &|path, message| input.in_overlay(path, Half::Key, message),
            found,
        );
    }
    for (name, component) in &input.stack.components {
        let path = ["components", name.as_str(), "env"];
        variables(
            &path,
            component.env.keys(),
            &|path, message| input.in_stack(path, Half::Key, message),
            found,
        );
    }
    for (name, job) in &input.stack.jobs {
        let path = ["jobs", name.as_str(), "env"];
        variables(
            &path,
            job.env.keys(),
            &|path, message| input.in_stack(path, Half::Key, message),
            found,
        );
    }
}

/// Names of environment variables that every program can read.
fn variables<'n>(
    path: &[&str; 3],
    names: impl Iterator<Item = &'n String>,
    at: &dyn Fn(&[&str], String) -> Diagnostic,
    found: &mut Vec<Diagnostic>,
) {
    for name in names {
        let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !fits {
            let place = [path[0], path[1], path[2], name.as_str()];
            let message = format!("`{name}` is not the name of an environment variable");
            found.push(at(&place, message).expected("letters, digits and `_`, no digit first"));
        }
    }
}
