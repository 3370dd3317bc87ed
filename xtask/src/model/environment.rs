//! What one environment (`infra/environments/<name>.yaml`) says on top of the stack.

use std::{collections::BTreeMap, num::NonZeroU32};

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
    pub(crate) memory: Option<ByteSize>,
    pub(crate) start_timeout: Option<Span>,
}

/// The stack as one environment has it: overlay applied, disabled components gone, ports final, all checks passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Environment {
    pub(crate) name: Name,
    pub(crate) build: BuildProfile,
    pub(crate) stack: Stack,
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
}
