//! Secrets: made on the first `up`, kept in files that only their owner can read, handed to programs by path.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use rand::RngCore as _;

use crate::{
    digest,
    failure::{Failure, IoContext as _, Kind},
    model::{Name, Secret, Stack},
    paths::Paths,
};

/// Makes the secrets that are missing; those that are there stay as they are.
pub(crate) fn ensure(stack: &Stack, paths: &Paths) -> Result<(), Failure> {
    let directory = paths.secrets();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(&directory)
        .doing("create", &directory)?;
    for (name, secret) in &stack.secrets {
        if let Secret::Random { bytes } = secret {
            let path = directory.join(name.as_str());
            if !path.exists() {
                write(&path, &random(*bytes))?;
            }
        }
    }
    let known = read_random(stack, &directory)?;
    for (name, secret) in &stack.secrets {
        if let Secret::Derived { format } = secret {
            let path = directory.join(name.as_str());
            let text = derive(name, format, &known)?;
            if fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
                write(&path, &text)?;
            }
        }
    }
    Ok(())
}

/// Digest of each secret's content, or `absent` before the first `up`.
pub(crate) fn versions(stack: &Stack, paths: &Paths) -> BTreeMap<String, String> {
    let version = |name: &Name| {
        fs::read(paths.secrets().join(name.as_str())).map_or_else(|_| "absent".into(), digest::of)
    };
    stack
        .secrets
        .keys()
        .map(|name| (name.to_string(), version(name)))
        .collect()
}

fn random(bytes: u8) -> String {
    let mut buffer = vec![0; usize::from(bytes)];
    rand::rng().fill_bytes(&mut buffer);
    hex::encode(buffer)
}

fn read_random(stack: &Stack, directory: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let random = stack
        .secrets
        .iter()
        .filter(|(_, secret)| matches!(secret, Secret::Random { .. }));
    random
        .map(|(name, _)| {
            let path = directory.join(name.as_str());
            let text = fs::read_to_string(&path).doing("read", &path)?;
            Ok((name.as_str().replace('-', "_"), text))
        })
        .collect()
}

fn derive(name: &Name, format: &str, known: &BTreeMap<String, String>) -> Result<String, Failure> {
    let mut templates = minijinja::Environment::new();
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    templates.render_str(format, known).map_err(|error| {
        let detail = format!("secret `{name}` in infra/stack.yaml: {error}");
        Failure::new(
            "toolkit",
            Kind::ModelInvalid,
            detail,
            "use the names of other secrets, `-` written as `_`",
        )
    })
}

/// Written beside and renamed into place, so that a killed run leaves no half secret.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .doing("write", &partial)?;
    file.write_all(text.as_bytes()).doing("write", &partial)?;
    file.sync_all().doing("write", &partial)?;
    fs::rename(&partial, path).doing("write", path)
}
