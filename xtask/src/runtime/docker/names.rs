//! What our containers, networks and volumes are called, and how we know them for ours: by labels alone. What does not
//! carry them is never touched, whatever its name.

use std::collections::HashMap;

use crate::{
    digest,
    model::{Environment, Network},
    paths::Paths,
};

/// Labels of every object of ours.
const STACK: &str = "argosy.stack";
const ENVIRONMENT: &str = "argosy.environment";
/// Digest of the environment's home, so that two checkouts on one engine do not take each other's for theirs.
const HOME: &str = "argosy.home";
/// The component or job of a container or volume.
pub(crate) const UNIT: &str = "argosy.unit";
/// `component` or `job`.
pub(crate) const KIND: &str = "argosy.kind";
/// Of a container: the inputs that it was made from, as JSON.
pub(crate) const INPUTS: &str = "argosy.inputs";
/// Of a volume: tells it from another one of the same name.
pub(crate) const IDENTITY: &str = "argosy.identity";

#[derive(Debug, Clone)]
pub(crate) struct Names {
    stack: String,
    environment: String,
    home: String,
}

impl Names {
    pub(crate) fn of(environment: &Environment, paths: &Paths) -> Self {
        Self {
            stack: environment.stack.name.to_string(),
            environment: environment.name.to_string(),
            home: digest::of(paths.home.as_os_str().as_encoded_bytes()),
        }
    }

    /// `argosy-dev-postgres`.
    pub(crate) fn container(&self, unit: &str) -> String {
        format!("{}-{}-{unit}", self.stack, self.environment)
    }

    pub(crate) fn volume(&self, unit: &str) -> String {
        format!("{}-{}-{unit}-data", self.stack, self.environment)
    }

    pub(crate) fn network(&self, network: Network) -> String {
        format!("{}-{}-{}", self.stack, self.environment, network.name())
    }

    /// The labels that say whose something is.
    pub(crate) fn labels(&self) -> HashMap<String, String> {
        [
            (STACK, &self.stack),
            (ENVIRONMENT, &self.environment),
            (HOME, &self.home),
        ]
        .into_iter()
        .map(|(label, value)| (label.to_owned(), value.clone()))
        .collect()
    }

    /// For the engine's lists: only what is ours.
    pub(crate) fn filters(&self) -> HashMap<String, Vec<String>> {
        let labels = self.labels();
        let wanted = labels
            .iter()
            .map(|(label, value)| format!("{label}={value}"));
        HashMap::from([("label".to_owned(), wanted.collect())])
    }

    pub(crate) fn owns(&self, labels: &HashMap<String, String>) -> bool {
        self.labels()
            .iter()
            .all(|(label, value)| labels.get(label) == Some(value))
    }
}
