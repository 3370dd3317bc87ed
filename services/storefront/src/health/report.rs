//! What was found, as the answer says it.

use std::{collections::BTreeMap, time::SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::check::Finding;

/// How a component or the whole platform is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Healthy,
    /// Only of the whole: something is missing that the shop can do without.
    Degraded,
    Unhealthy,
}

impl Status {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// One component in the answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    status: Status,
    /// Milliseconds, to a hundredth.
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The answer of `GET /health`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub status: Status,
    checked_at: String,
    components: BTreeMap<String, Component>,
}

impl Report {
    pub(crate) fn new(findings: Vec<Finding>, checked_at: SystemTime) -> Self {
        let status = overall(&findings);
        let components = findings
            .into_iter()
            .map(|finding| (finding.name.clone(), Component::from(finding)))
            .collect();
        let checked_at =
            DateTime::<Utc>::from(checked_at).to_rfc3339_opts(SecondsFormat::Millis, true);
        Self {
            status,
            checked_at,
            components,
        }
    }
}

/// As bad as the worst required component; what is optional takes away a little.
fn overall(findings: &[Finding]) -> Status {
    let failed = |finding: &&Finding| finding.reason.is_some();
    if findings
        .iter()
        .filter(failed)
        .any(|finding| finding.required)
    {
        Status::Unhealthy
    } else if findings.iter().any(|finding| finding.reason.is_some()) {
        Status::Degraded
    } else {
        Status::Healthy
    }
}

impl From<Finding> for Component {
    fn from(finding: Finding) -> Self {
        let status = if finding.reason.is_none() {
            Status::Healthy
        } else {
            Status::Unhealthy
        };
        let latency_ms = (finding.latency.as_secs_f64() * 100_000.0).round() / 100.0;
        Self {
            status,
            latency_ms,
            reason: finding.reason,
        }
    }
}
