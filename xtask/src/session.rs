//! What every command starts from: the environment, where things are, cargo, and the voice.

use std::path::{Path, PathBuf};

use crate::{
    build::Cargo,
    cli::Global,
    digest,
    failure::{Failure, Failures, Kind},
    model::{Environment, load},
    paths::Paths,
    reporter::{Format, Reporter},
};

pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) paths: Paths,
    pub(crate) cargo: Cargo,
    pub(crate) reporter: Reporter,
    pub(crate) global: Global,
}

impl Session {
    /// Reads the model. The reporter comes back beside the failures, so that they can be told in the right form.
    pub(crate) fn open(global: &Global) -> Result<Self, (Reporter, Failures)> {
        let reporter = Reporter::new(if global.json {
            Format::Json
        } else {
            Format::People
        });
        let project = project(global);
        let environment = match load::read(&project, &global.env) {
            Ok(environment) => environment,
            Err(diagnostics) => return Err((reporter, model_failures(diagnostics))),
        };
        let paths = paths(global, &project, &environment);
        let cargo = cargo(global);
        Ok(Self {
            environment,
            paths,
            cargo,
            reporter,
            global: global.clone(),
        })
    }

    /// The command that people type for this environment: `cargo xtask <command>` with `--env` where it is not `dev`.
    pub(crate) fn command(&self, command: &str) -> String {
        match self.environment.name.as_str() {
            "dev" => format!("cargo xtask {command}"),
            other => format!("cargo xtask {command} --env {other}"),
        }
    }
}

/// One failure for each mistake in the model's files.
fn model_failures(diagnostics: crate::model::diagnostic::Diagnostics) -> Failures {
    let failure = |diagnostic: crate::model::diagnostic::Diagnostic| {
        let hint = diagnostic
            .hint
            .clone()
            .unwrap_or_else(|| "correct the file, then run the same command again".into());
        let Some(absent) = &diagnostic.absent else {
            return Failure::new("model", Kind::ModelInvalid, diagnostic.to_string(), hint);
        };
        let hint = format!("git checkout -- {}   (or correct the model)", absent.path);
        Failure::new(
            &absent.unit,
            Kind::SourceMissing,
            diagnostic.to_string(),
            hint,
        )
        .with_victims(absent.victims.clone())
    };
    Failures(diagnostics.0.into_iter().map(failure).collect())
}

/// The project that this binary was built from, unless another is named.
pub(crate) fn project(global: &Global) -> PathBuf {
    global.project.clone().map_or_else(workspace, |project| {
        std::path::absolute(&project).unwrap_or(project)
    })
}

/// The workspace that this binary was built in.
pub(crate) fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

pub(crate) fn cargo(global: &Global) -> Cargo {
    let workspace = workspace();
    Cargo {
        program: global.cargo.clone().unwrap_or_else(|| "cargo".into()),
        target: global
            .target_dir
            .clone()
            .unwrap_or_else(|| workspace.join("target")),
        workspace,
    }
}

/// The environment's home. Root's own folders cannot be entered by the accounts that some components need, so then it
/// lies where they can reach it (`docs/adr/0002-host-runtime-accounts.md`).
pub(crate) fn paths(global: &Global, project: &Path, environment: &Environment) -> Paths {
    let root = match &global.home {
        Some(home) => std::path::absolute(home).unwrap_or_else(|_| home.clone()),
        None if rustix::process::geteuid().is_root() && !open_to_all(project) => {
            system_home(project, environment)
        }
        None => project.join(".argosy"),
    };
    Paths {
        project: project.to_owned(),
        home: root.join(environment.name.as_str()),
    }
}

fn system_home(project: &Path, environment: &Environment) -> PathBuf {
    let digest = digest::of(project.as_os_str().as_encoded_bytes());
    Path::new("/var/lib/argosy").join(format!("{}-{digest}", environment.stack.name))
}

/// Whether every folder on the way can be entered by every account.
fn open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.ancestors().all(|folder| {
        folder
            .metadata()
            .is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}
