//! What one environment (`infra/environments/<name>.yaml`) says on top of the stack.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ByteSize, Name, Settings, Span, Stack,
    diagnostic::Diagnostic,
    locate::{Document, Half},
};

/// An overlay file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    /// How our own packages are built.
    #[serde(default)]
    pub(crate) build: BuildProfile,
    /// Added to every port, so that two environments can run side by side. 0 to 40000.
    #[serde(default)]
    pub(crate) port_offset: u16,
    #[serde(default)]
    pub(crate) settings: SettingsOverlay,
    #[serde(default)]
    pub(crate) components: BTreeMap<Name, ComponentOverlay>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BuildProfile {
    /// cargo's `dev` profile: quick to build, what the tests use.
    Dev,
    #[default]
    Release,
}

/// Those settings that the environment sets anew.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsOverlay {
    pub(crate) log_level: Option<String>,
    pub(crate) scrape_interval: Option<Span>,
    pub(crate) metrics_retention: Option<Span>,
    pub(crate) public_url: Option<String>,
    pub(crate) alert_email: Option<String>,
    pub(crate) admin_email: Option<String>,
    pub(crate) shop_email: Option<String>,
    pub(crate) registrations_per_client: Option<u32>,
    pub(crate) requests_per_second: Option<NonZeroU32>,
    pub(crate) request_burst: Option<NonZeroU32>,
    pub(crate) logins_per_minute: Option<NonZeroU32>,
    pub(crate) login_burst: Option<NonZeroU32>,
    pub(crate) mail_at_edge: Option<bool>,
}

/// What the environment sets anew for one component.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentOverlay {
    pub(crate) enabled: Option<bool>,
    /// Added to the component's arguments.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Final numbers: the environment's offset is not added to them.
    #[serde(default)]
    pub(crate) ports: BTreeMap<Name, u16>,
    /// Added to the component's `local_ports`.
    #[serde(default)]
    pub(crate) local_ports: Vec<Name>,
    pub(crate) memory: Option<ByteSize>,
    pub(crate) start_timeout: Option<Span>,
}

/// The stack as one environment has it: overlay applied, disabled components gone, ports final, all checks passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Environment {
    pub(crate) name: Name,
    pub(crate) build: BuildProfile,
    pub(crate) stack: Stack,
    /// Port numbers as the stack has them, by component and port: in a container they are free whatever else runs on the
    /// machine.
    #[serde(skip)]
    pub(crate) own_ports: BTreeMap<Name, BTreeMap<Name, u16>>,
    /// The files that it was made from, so that later mistakes still find their place.
    #[serde(skip)]
    pub(crate) origin: Origin,
}

/// The stack's file and the environment's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Origin {
    pub(crate) stack: Document,
    pub(crate) overlay: Document,
}

impl Origin {
    /// A diagnostic about the entry at `path`: in the overlay where it is set anew there, else in the stack.
    pub(crate) fn at(&self, path: &[&str], half: Half, message: impl Into<String>) -> Diagnostic {
        let document = if self.overlay.contains(path) {
            &self.overlay
        } else {
            &self.stack
        };
        document.at(path, half, message)
    }
}

impl Environment {
    pub(crate) fn settings(&self) -> &Settings {
        &self.stack.settings
    }

    /// Without these components and jobs, and without the jobs that are theirs.
    pub(crate) fn without(mut self, left_out: &BTreeSet<&Name>) -> Self {
        let stays = |name: &Name| !left_out.contains(name);
        self.stack.components.retain(|name, _| stays(name));
        self.stack
            .jobs
            .retain(|name, job| stays(name) && job.of.as_ref().is_none_or(stays));
        self
    }

    /// The environment as its components see it when each has an address of its own: without the offset of its ports.
    pub(crate) fn inside_containers(&self) -> Self {
        let mut inside = self.clone();
        for (name, component) in &mut inside.stack.components {
            if let Some(own) = self.own_ports.get(name) {
                component.ports.clone_from(own);
            }
        }
        inside
    }
}
