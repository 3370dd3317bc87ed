//! What a component or a job is made of: its program, files, ports that it names, secrets, database.

use std::collections::BTreeMap;

use super::{Diagnostic, Half, Input, database_secret, unknown};
use crate::model::{Component, FileSpec, HttpTarget, Job, Name, Reload, diagnostic::did_you_mean};

pub(super) fn check(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    let mut databases = BTreeMap::new();
    for (name, component) in &input.stack.components {
        let owner = ["components", name.as_str()];
        sources(
            input,
            owner,
            &[
                ("binary", component.binary.is_some()),
                ("host", component.host.is_some()),
            ],
            found,
        );
        files(input, owner, &component.files, &[], found);
        secrets(input, owner, &component.secrets, found);
        ports(input, name, component, found);
        database(input, name, component, &mut databases, found);
        if component
            .host
            .as_ref()
            .is_some_and(|host| host.prepare.is_some())
            && !component.volume
        {
            let path = [owner[0], owner[1], "host", "prepare"];
            let at = input.in_stack(
                &path,
                Half::Key,
                format!("`{name}` prepares a directory, but keeps no data"),
            );
            found.push(at.hint("add `volume: true`"));
        }
    }
    for (name, job) in &input.stack.jobs {
        self::job(input, name, job, found);
    }
}

fn job(input: &Input<'_>, name: &Name, job: &Job, found: &mut Vec<Diagnostic>) {
    let owner = ["jobs", name.as_str()];
    let given = [
        ("of", job.of.is_some()),
        ("binary", job.binary.is_some()),
        ("host", job.host.is_some()),
    ];
    sources(input, owner, &given, found);
    let of = job
        .of
        .as_ref()
        .and_then(|of| input.stack.components.get(of));
    if let (Some(of), None) = (&job.of, of) {
        let at = input.in_stack(
            &[owner[0], owner[1], "of"],
            Half::Value,
            format!("there is no component `{of}`"),
        );
        found.push(unknown(at, of, input.stack.components.keys()));
    }
    files(
        input,
        owner,
        &job.files,
        of.map_or(&[], |component| &component.files),
        found,
    );
    secrets(input, owner, &job.secrets, found);
    for (index, environment) in job.only_in.iter().enumerate() {
        if !input.sources.environments.contains(environment.as_str()) {
            let path = [owner[0], owner[1], "only_in", &index.to_string()];
            let at = input.in_stack(
                &path,
                Half::Value,
                format!("there is no environment `{environment}`"),
            );
            let known = input.sources.environments;
            found.push(
                at.expected(super::any_of(known))
                    .maybe_hint(did_you_mean(environment.as_str(), known)),
            );
        }
    }
    for (index, path) in job.inputs.iter().enumerate() {
        let place = [owner[0], owner[1], "inputs", &index.to_string()];
        if let Some(fault) = not_inside(path) {
            found.push(input.in_stack(&place, Half::Value, format!("`{path}` {fault}")));
        } else if !(input.sources.exists)(path) {
            let message = format!("there is no file or folder `{path}`");
            let at = input.in_stack(&place, Half::Value, message);
            let at = at.expected("a path from the project's root");
            found.push(input.absent(at, owner[1], path));
        }
    }
}

/// Exactly one way to get the program.
fn sources(
    input: &Input<'_>,
    owner: [&str; 2],
    given: &[(&str, bool)],
    found: &mut Vec<Diagnostic>,
) {
    let names = super::any_of(given.iter().map(|(name, _)| name));
    let mut present = given
        .iter()
        .filter(|(_, is_given)| *is_given)
        .map(|(name, _)| *name);
    match (present.next(), present.next()) {
        (Some(_), None) => {}
        (None, _) => {
            let at = input.in_stack(
                &owner,
                Half::Key,
                format!("nothing says which program `{}` runs", owner[1]),
            );
            found.push(at.expected(format!("exactly one of {names}")));
        }
        (Some(first), Some(second)) => {
            let message = format!("`{}` has both `{first}` and `{second}`", owner[1]);
            let at = input.in_stack(&[owner[0], owner[1], second], Half::Key, message);
            found.push(at.expected(format!("exactly one of {names}")));
        }
    }
}

fn files(
    input: &Input<'_>,
    owner: [&str; 2],
    files: &[FileSpec],
    inherited: &[FileSpec],
    found: &mut Vec<Diagnostic>,
) {
    for (index, file) in files.iter().enumerate() {
        let number = index.to_string();
        let at = |key: &str, message: String| {
            input.in_stack(
                &[owner[0], owner[1], "files", &number, key],
                Half::Value,
                message,
            )
        };
        if let Some(fault) = not_inside(&file.target) {
            let expected = "a path inside the component's configuration directory, such as `rules/platform.yml`";
            found.push(at("target", format!("`{}` {fault}", file.target)).expected(expected));
        }
        if inherited
            .iter()
            .chain(&files[..index])
            .any(|earlier| earlier.target == file.target)
        {
            let message = format!("`{}` has two files `{}`", owner[1], file.target);
            found.push(at("target", message).expected("another target"));
        }
        if let Some(fault) = not_inside(&file.template) {
            found.push(
                at("template", format!("`{}` {fault}", file.template))
                    .expected("a path from the project's root"),
            );
        } else if !(input.sources.exists)(&file.template) {
            let message = format!("there is no template `{}`", file.template);
            let at = at("template", message).expected("the path of a file from the project's root");
            found.push(input.absent(at, owner[1], &file.template));
        }
        if file.check.as_ref().is_some_and(|check| check.0.is_empty()) {
            found.push(
                at("check", "a check without a program".into())
                    .expected("the program, then its arguments"),
            );
        }
    }
}

/// Why a path does not stay inside the folder that it is relative to.
fn not_inside(path: &str) -> Option<&'static str> {
    let mut parts = path.split('/');
    match path {
        "" => Some("is empty"),
        _ if path.starts_with('/') => Some("is an absolute path"),
        _ if parts.any(|part| part == "..") => Some("leads out of its folder"),
        _ if path.split('/').any(|part| part.is_empty() || part == ".") => {
            Some("is not written in its shortest form")
        }
        _ => None,
    }
}

fn secrets(input: &Input<'_>, owner: [&str; 2], secrets: &[Name], found: &mut Vec<Diagnostic>) {
    for (index, secret) in secrets.iter().enumerate() {
        if !input.stack.secrets.contains_key(secret) {
            let path = [owner[0], owner[1], "secrets", &index.to_string()];
            let at = input.in_stack(&path, Half::Value, format!("there is no secret `{secret}`"));
            let at = at.hint("add it under `secrets`, for example with `bytes: 24`");
            found.push(unknown(at, secret, input.stack.secrets.keys()));
        }
    }
}

fn ports(input: &Input<'_>, name: &Name, component: &Component, found: &mut Vec<Diagnostic>) {
    let owner = ["components", name.as_str()];
    let mut port = |path: &[&str], port: &Name| {
        if !component.ports.contains_key(port) {
            let path: Vec<&str> = owner.iter().chain(path).copied().collect();
            let at = input.in_stack(&path, Half::Value, format!("`{name}` has no port `{port}`"));
            found.push(unknown(at, port, component.ports.keys()));
        }
    };
    let kind = component.health.kind();
    match &component.health {
        crate::model::Health::Http(target) => port(&["health", kind, "port"], &target.port),
        other => port(&["health", kind], other.port()),
    }
    if let Some(metrics) = &component.metrics {
        port(&["metrics", "port"], &metrics.port);
    }
    if let Some(Reload::Http(target)) = &component.reload {
        port(&["reload", "http", "port"], &target.port);
    }
    for (index, published) in component.published.iter().enumerate() {
        port(&["published", &index.to_string()], published);
    }
    paths(input, owner, component, found);
}

fn paths(input: &Input<'_>, owner: [&str; 2], component: &Component, found: &mut Vec<Diagnostic>) {
    let mut path = |place: &[&str], target: &HttpTarget| {
        if !target.path.starts_with('/') {
            let place: Vec<&str> = owner.iter().chain(place).copied().chain(["path"]).collect();
            let at = input.in_stack(
                &place,
                Half::Value,
                format!("`{}` is not a path of a URL", target.path),
            );
            found.push(at.expected("a path that begins with `/`"));
        }
    };
    if let crate::model::Health::Http(target) = &component.health {
        path(&["health", "http"], target);
    }
    if let Some(target) = &component.metrics {
        path(&["metrics"], target);
    }
    if let Some(Reload::Http(target)) = &component.reload {
        path(&["reload", "http"], target);
    }
}

fn database<'a>(
    input: &Input<'a>,
    name: &'a Name,
    component: &'a Component,
    taken: &mut BTreeMap<&'a Name, &'a Name>,
    found: &mut Vec<Diagnostic>,
) {
    let Some(database) = &component.database else {
        return;
    };
    let path = ["components", name.as_str(), "database"];
    if let Some(first) = taken.insert(database, name) {
        let message = format!("the database `{database}` belongs to `{first}` already");
        found.push(
            input
                .in_stack(&path, Half::Value, message)
                .hint("components that share a database share its faults: give it one of its own"),
        );
    }
    let secret = database_secret(name);
    if !component
        .secrets
        .iter()
        .any(|known| known.as_str() == secret)
    {
        let message =
            format!("`{name}` has a database, but not the secret with its role's password");
        found.push(
            input
                .in_stack(&path, Half::Value, message)
                .hint(format!("add `{secret}` to its `secrets`")),
        );
    }
}
