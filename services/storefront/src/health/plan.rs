//! What `/health` asks, and how: the file that the toolkit renders from the stack.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// How long one check may take before it counts as failed.
    timeout_ms: u64,
    /// What is asked, all at once.
    pub checks: Vec<Check>,
}

/// One component and how to ask it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// As it appears in the answer.
    pub name: String,
    /// Whether the shop is down without it (then `unhealthy`) or merely poorer (then `degraded`).
    #[serde(default = "required_unless_said_otherwise")]
    pub required: bool,
    kind: Kind,
    url: Option<String>,
    address: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Http,
    S3,
    Nats,
    Postgres,
    Tcp,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::S3 => "s3",
            Self::Nats => "nats",
            Self::Postgres => "postgres",
            Self::Tcp => "tcp",
        }
    }
}

/// A question that can be put to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    /// Healthy when this URL answers 2xx.
    Http { url: &'a str },
    /// Healthy when this endpoint answers, be it with a refusal.
    S3 { url: &'a str },
    /// Healthy when NATS greets us at this `host:port`.
    Nats { address: &'a str },
    /// Healthy when PostgreSQL answers at this `host:port`.
    Postgres { address: &'a str },
    /// Healthy when this `host:port` accepts a connection.
    Tcp { address: &'a str },
}

const fn required_unless_said_otherwise() -> bool {
    true
}

impl Plan {
    /// Reads and checks the file at `path`.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the health file {}", path.display()))?;
        Self::parse(&text)
            .with_context(|| format!("the health file {} is not usable", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let plan: Self = serde_yaml::from_str(text)?;
        ensure!(
            (1..=60_000).contains(&plan.timeout_ms),
            "timeout_ms is {}: expected 1 to 60000",
            plan.timeout_ms
        );
        let mut names = BTreeSet::new();
        for check in &plan.checks {
            ensure!(
                names.insert(&check.name),
                "checks: {} is listed twice",
                check.name
            );
            check
                .validate()
                .with_context(|| format!("checks: {}", check.name))?;
        }
        Ok(plan)
    }

    /// How long one check may take before it counts as failed.
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

impl Check {
    /// What to ask; [`Plan::load`] has made sure that the kind's own field is there.
    pub(crate) fn question(&self) -> Question<'_> {
        let url = self.url.as_deref().unwrap_or_default();
        let address = self.address.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Http => Question::Http { url },
            Kind::S3 => Question::S3 { url },
            Kind::Nats => Question::Nats { address },
            Kind::Postgres => Question::Postgres { address },
            Kind::Tcp => Question::Tcp { address },
        }
    }

    fn validate(&self) -> anyhow::Result<()> {
        match (self.kind, &self.url, &self.address) {
            (Kind::Http | Kind::S3, Some(url), None) => {
                let parsed: reqwest::Url = url
                    .parse()
                    .with_context(|| format!("url {url:?} is not a URL"))?;
                ensure!(
                    parsed.scheme() == "http",
                    "url {url:?} does not start with http://"
                );
            }
            (Kind::Nats | Kind::Postgres | Kind::Tcp, None, Some(address)) => {
                let port = address
                    .rsplit_once(':')
                    .and_then(|(host, port)| (!host.is_empty()).then_some(port));
                ensure!(
                    port.is_some_and(|port| port.parse::<u16>().is_ok()),
                    "address {address:?} is not host:port"
                );
            }
            (Kind::Http | Kind::S3, ..) => {
                bail!("kind {} takes url, and nothing else", self.kind.name())
            }
            (Kind::Nats | Kind::Postgres | Kind::Tcp, ..) => {
                bail!("kind {} takes address, and nothing else", self.kind.name())
            }
        }
        Ok(())
    }
}
