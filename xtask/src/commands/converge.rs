//! What `up` and `plan` share: from the model to a plan, by looking only.

pub(super) mod docker;
pub(super) mod host;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    digest,
    failure::{Failure, Failures, IoContext as _, Kind},
    model::{Environment, Name, diagnostic::Diagnostics},
    plan::{self, Desired, Observed, Plan, Step},
    session::Session,
};

/// What should be, what is, and the way from one to the other, on whatever runtime.
pub(crate) struct Difference {
    pub(crate) desired: Desired,
    pub(crate) observed: Observed,
    pub(crate) plan: Plan,
}

/// A plan that was kept, with what it was made from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptPlan {
    pub(crate) environment: String,
    /// Digest of what should be and of what was.
    pub(crate) world: String,
    pub(crate) steps: Vec<Step>,
}

impl Difference {
    /// Of everything, or of the selected components and jobs alone.
    pub(super) fn between(
        session: &Session,
        selected: &BTreeSet<Name>,
        mut desired: Desired,
        mut observed: Observed,
    ) -> Self {
        if selected.len() < session.environment.names().len() {
            // Everything else is neither wanted nor seen.
            desired
                .nodes
                .retain(|name, _| selected.contains(name.as_str()));
            observed
                .components
                .retain(|name, _| selected.contains(name.as_str()));
        }
        let plan = plan::plan(&desired, &observed);
        Self {
            desired,
            observed,
            plan,
        }
    }

    /// Digest of what this difference lies between.
    pub(crate) fn world(&self) -> String {
        let parts = [
            serde_json::to_string(&self.desired),
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
