//! What `up` and `plan` share: from the model to a plan, by looking only.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    digest,
    failure::{Failure, Failures, IoContext as _, Kind},
    model::{Environment, Name, diagnostic::Diagnostics},
    plan::{self, Observed, Plan, Step},
    render::{self, HostPlaces, Rendered, TemplateTexts},
    reporter,
    runtime::host::{
        blueprint::{Blueprint, Site},
        client::Supervisor,
        observe::observe,
        protocol::{HealthState, ProcessStatus},
    },
    session::Session,
};

/// The model rendered, the world observed, and the difference.
pub(crate) struct Difference {
    pub(crate) templates: TemplateTexts,
    pub(crate) places: HostPlaces,
    pub(crate) rendered: Rendered,
    pub(crate) blueprint: Blueprint,
    pub(crate) observed: Observed,
    pub(crate) plan: Plan,
    pub(crate) processes: Vec<ProcessStatus>,
}

/// A plan that was kept, with what it was made from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptPlan {
    pub(crate) environment: String,
    /// Digest of what should be and of what was.
    pub(crate) world: String,
    pub(crate) steps: Vec<Step>,
}

/// Looks at everything and changes nothing.
pub(crate) async fn difference(
    session: &Session,
    supervisor: Option<&Supervisor>,
    selected: &BTreeSet<Name>,
) -> Result<Difference, Failures> {
    let environment = &session.environment;
    let places = HostPlaces {
        paths: session.paths.clone(),
    };
    let templates =
        render::read::templates(&session.paths.project, environment).map_err(rejected)?;
    let rendered = render::render(environment, &templates, &places).map_err(rejected)?;
    let site = Site {
        environment,
        rendered: &rendered,
        paths: &session.paths,
        cargo: &session.cargo,
    };
    let mut blueprint = Blueprint::draw(&site);
    let processes = match supervisor {
        Some(supervisor) => supervisor.status().await.map_err(supervisor_failed)?,
        None => Vec::new(),
    };
    let mut observed = observe(
        &session.paths,
        &processes,
        &blueprint.processes,
        reporter::now(),
    );
    if selected.len() < environment.names().len() {
        // Everything else is neither wanted nor seen.
        blueprint
            .desired
            .nodes
            .retain(|name, _| selected.contains(name.as_str()));
        observed
            .components
            .retain(|name, _| selected.contains(name.as_str()));
    }
    let plan = plan::plan(&blueprint.desired, &observed);
    Ok(Difference {
        templates,
        places,
        rendered,
        blueprint,
        observed,
        plan,
        processes,
    })
}

impl Difference {
    /// Whether everything that is wanted has passed its health check.
    pub(crate) fn is_healthy(&self) -> bool {
        let mut wanted = self
            .processes
            .iter()
            .filter(|process| self.blueprint.desired.nodes.contains_key(&process.name));
        wanted.all(|process| process.health == HealthState::Healthy)
    }

    /// Digest of what this difference lies between.
    pub(crate) fn world(&self) -> String {
        let parts = [
            serde_json::to_string(&self.blueprint.desired),
            serde_json::to_string(&self.observed),
        ];
        let parts: Vec<String> = parts.into_iter().map(Result::unwrap_or_default).collect();
        digest::of_parts(parts.iter().map(String::as_str))
    }

    pub(crate) fn keep(&self, session: &Session, path: &Path) -> Result<(), Failure> {
        let kept = KeptPlan {
            environment: session.environment.name.to_string(),
            world: self.world(),
            steps: self.plan.steps.clone(),
        };
        let text = serde_json::to_string_pretty(&kept).unwrap_or_default();
        std::fs::write(path, text + "\n").doing("write", path)
    }

    /// Refuses a kept plan that was made for another environment or another state of the world.
    pub(crate) fn agrees_with(&self, session: &Session, path: &PathBuf) -> Result<(), Failure> {
        let text = std::fs::read_to_string(path).doing("read", path)?;
        let again = session.command(&format!("plan --out {}", path.display()));
        let stale =
            |detail: String| Failure::new("toolkit", Kind::StalePlan, detail, again.clone());
        let kept: KeptPlan = serde_json::from_str(&text)
            .map_err(|error| stale(format!("{} is not a plan: {error}", path.display())))?;
        if kept.environment != session.environment.name.as_str() {
            return Err(stale(format!(
                "{} is a plan for `{}`, not for `{}`",
                path.display(),
                kept.environment,
                session.environment.name
            )));
        }
        if kept.world != self.world() {
            return Err(stale(
                "something has changed since the plan was made".into(),
            ));
        }
        Ok(())
    }
}

/// Everything, or only the named components and jobs and what they need.
pub(crate) fn selection(session: &Session, only: &[String]) -> Result<BTreeSet<Name>, Failure> {
    let environment = &session.environment;
    if only.is_empty() {
        return Ok(environment.names().into_iter().cloned().collect());
    }
    let mut open = Vec::new();
    for name in only {
        let known = environment
            .names()
            .into_iter()
            .find(|known| known.as_str() == name);
        open.push(known.ok_or_else(|| unknown(environment, name))?);
    }
    let mut selected = BTreeSet::new();
    while let Some(name) = open.pop() {
        if selected.insert(name.clone()) {
            open.extend(environment.dependencies(name).into_keys());
        }
    }
    Ok(selected)
}

fn unknown(environment: &Environment, name: &str) -> Failure {
    let known: Vec<&str> = environment.names().into_iter().map(Name::as_str).collect();
    Failure::new(
        "model",
        Kind::ModelInvalid,
        format!("there is no component or job `{name}`"),
        format!("one of: {}", known.join(", ")),
    )
}

/// One failure for each mistake in a template or file.
pub(crate) fn rejected(diagnostics: Diagnostics) -> Failures {
    let failure = |diagnostic: crate::model::diagnostic::Diagnostic| {
        let hint = diagnostic
            .hint
            .clone()
            .unwrap_or_else(|| format!("correct {}", diagnostic.file));
        Failure::new(
            "configuration",
            Kind::ConfigRejected,
            diagnostic.to_string(),
            hint,
        )
    };
    Failures(diagnostics.0.into_iter().map(failure).collect())
}

pub(crate) fn supervisor_failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(
        "toolkit",
        Kind::Supervisor,
        error.to_string(),
        "cargo xtask down, then cargo xtask up",
    )
}
