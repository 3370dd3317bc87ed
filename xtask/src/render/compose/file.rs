//! The shape of a Compose file, as far as it is used: what Debian 12's docker-compose 1.29 and today's Compose both read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::model::Condition;

#[derive(Debug, Clone, Serialize)]
pub(super) struct File {
    pub(super) services: BTreeMap<String, Service>,
    pub(super) networks: BTreeMap<String, Network>,
    pub(super) volumes: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Service {
    pub(super) image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) build: Option<Build>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hostname: Option<String>,
    pub(super) entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) command: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) depends_on: BTreeMap<String, Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) healthcheck: Option<Health>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_mode: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) volumes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tmpfs: Vec<String>,
    pub(super) user: String,
    pub(super) read_only: bool,
    pub(super) cap_drop: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cap_add: Vec<String>,
    pub(super) security_opt: Vec<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mem_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpus: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pids_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) restart: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_grace_period: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logging: Option<Logging>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Build {
    pub(super) context: String,
    pub(super) dockerfile: String,
    pub(super) args: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Network {
    pub(super) internal: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Health {
    pub(super) test: Vec<String>,
    pub(super) interval: String,
    pub(super) timeout: String,
    pub(super) retries: u32,
    pub(super) start_period: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Dependency {
    condition: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Logging {
    driver: &'static str,
    options: BTreeMap<&'static str, &'static str>,
}

impl Dependency {
    pub(super) fn on(condition: Condition) -> Self {
        let condition = match condition {
            Condition::Healthy => "service_healthy",
            Condition::Started => "service_started",
            Condition::Completed => "service_completed_successfully",
        };
        Self { condition }
    }

    pub(super) fn completed() -> Self {
        Self::on(Condition::Completed)
    }
}

impl Logging {
    /// A log that cannot fill the disk.
    pub(super) fn bounded() -> Self {
        Self {
            driver: "json-file",
            options: BTreeMap::from([("max-size", "10m"), ("max-file", "3")]),
        }
    }
}
