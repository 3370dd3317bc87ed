//! The stack model: what `infra/stack.yaml` and an environment's overlay say, as types.
//!
//! Everything that the toolkit does follows from these values. They hold no path of this machine and do no I/O
//! (`load` reads the files and hands their text to pure functions).

pub(crate) mod component;
pub(crate) mod container;
pub(crate) mod diagnostic;
pub(crate) mod environment;
pub(crate) mod graph;
pub(crate) mod load;
pub(crate) mod locate;
mod overlay;
pub(crate) mod scalar;
pub(crate) mod schema;
mod structure;
mod validate;

use std::{collections::BTreeMap, num::NonZeroU32};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use component::{
    Component, Condition, FileSpec, Health, HostProgram, HttpTarget, Job, OnChange, Reload, Signal,
};
pub(crate) use container::{
    Confinement, Container, ImageKind, ImageSource, ImageTag, Network, Program,
};
pub(crate) use diagnostic::{Diagnostic, Diagnostics};
pub(crate) use environment::{BuildProfile, Environment, Origin, Overlay};
pub(crate) use graph::Unit;
pub(crate) use scalar::{ByteSize, Name, Span};
pub(crate) use validate::database_secret;

/// The whole of `infra/stack.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stack {
    /// The stack's name: part of every label and of every message to people.
    pub(crate) name: Name,
    #[serde(default)]
    pub(crate) settings: Settings,
    /// What keeps running.
    pub(crate) components: BTreeMap<Name, Component>,
    /// What runs once.
    #[serde(default)]
    pub(crate) jobs: BTreeMap<Name, Job>,
    /// What is generated on the first `up` and kept in files that only their owner can read.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<Name, Secret>,
}

/// Values that templates read as `settings.<name>` and that an environment may set anew.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Level of the services' logs: `error`, `warn`, `info`, `debug` or `trace`, or a `tracing` filter.
    pub(crate) log_level: String,
    /// How often Prometheus asks every target.
    pub(crate) scrape_interval: Span,
    /// How long Prometheus keeps samples.
    pub(crate) metrics_retention: Span,
    /// Where people reach the edge, without a slash at the end.
    pub(crate) public_url: String,
    /// Who gets the alerts.
    pub(crate) alert_email: String,
    /// Whose account is the first admin's.
    pub(crate) admin_email: String,
    /// Whom the shop's mails to shoppers and vendors are from.
    pub(crate) shop_email: String,
    /// Accounts that may be made from one address before each further one has to wait.
    pub(crate) registrations_per_client: u32,
    /// Requests a second that each service answers to one client address (of IPv6: to one network of 64 bits) for long.
    pub(crate) requests_per_second: NonZeroU32,
    /// Requests that may come from there at once.
    pub(crate) request_burst: NonZeroU32,
    /// Tries a minute to log in or to register, from one client address, for long.
    pub(crate) logins_per_minute: NonZeroU32,
    /// Such tries that may come from there at once.
    pub(crate) login_burst: NonZeroU32,
    /// Whether the edge shows the private network the mails that were caught, at /mail/. Links in them open accounts.
    pub(crate) mail_at_edge: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("BUG: it is not zero");
        Self {
            log_level: "info".into(),
            scrape_interval: Span::from_secs(15),
            metrics_retention: Span::from_secs(15 * 24 * 3600),
            public_url: "http://localhost:8080".into(),
            alert_email: "sre@argosy.example".into(),
            admin_email: "admin@argosy.example".into(),
            shop_email: "shop@argosy.example".into(),
            registrations_per_client: 20,
            requests_per_second: number(10),
            request_burst: number(50),
            logins_per_minute: number(20),
            login_burst: number(10),
            mail_at_edge: false,
        }
    }
}

/// How a secret comes into being: random bytes, or a text made from other secrets.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Secret {
    /// So many random bytes, written as lower-case hexadecimal.
    Random {
        /// 12 to 64.
        bytes: u8,
    },
    /// A template that sees the other secrets by name (`-` written as `_`).
    Derived {
        /// For example `*:*:*:postgres:{{ postgres }}`.
        format: String,
    },
}

#[cfg(test)]
mod tests;
