//! The model as file templates see it, under `stack`: with addresses, without what is no template's business.

use std::collections::BTreeMap;

use serde::Serialize;

use super::places::{Exposure, Places};
use crate::model::{Component, Environment, Job, Name, database_secret};

#[derive(Serialize)]
pub(super) struct StackView {
    name: String,
    /// By name.
    components: BTreeMap<String, ComponentView>,
    jobs: BTreeMap<String, JobView>,
    /// By the component that owns the database.
    databases: BTreeMap<String, DatabaseView>,
}

#[derive(Serialize)]
struct ComponentView {
    name: String,
    summary: String,
    /// One of our own packages.
    ours: bool,
    ports: BTreeMap<String, PortView>,
    health: HealthView,
    metrics: Option<MetricsView>,
    database: Option<String>,
    /// The shop is down without it.
    essential: bool,
    memory_bytes: Option<u64>,
}

#[derive(Serialize)]
struct PortView {
    number: u16,
    address: String,
    listen: String,
    published: bool,
}

#[derive(Serialize)]
struct HealthView {
    kind: &'static str,
    address: String,
    path: Option<String>,
}

#[derive(Serialize)]
struct MetricsView {
    address: String,
    path: String,
}

#[derive(Serialize)]
struct JobView {
    name: String,
    summary: String,
}

#[derive(Serialize)]
struct DatabaseView {
    name: String,
    /// The secret with the password of the role, which is named like the database.
    secret: String,
}

impl StackView {
    pub(super) fn of(environment: &Environment, places: &dyn Places) -> Self {
        let stack = &environment.stack;
        let component = |(name, component): (&Name, &Component)| {
            (name.to_string(), ComponentView::of(name, component, places))
        };
        let job = |(name, job): (&Name, &Job)| (name.to_string(), JobView::of(name, job));
        let database = |(name, component): (&Name, &Component)| {
            Some((name.to_string(), DatabaseView::of(name, component)?))
        };
        Self {
            name: stack.name.to_string(),
            components: stack.components.iter().map(component).collect(),
            jobs: stack.jobs.iter().map(job).collect(),
            databases: stack.components.iter().filter_map(database).collect(),
        }
    }
}

impl ComponentView {
    fn of(name: &Name, component: &Component, places: &dyn Places) -> Self {
        let host = places.host(name);
        let address = |port: &Name| {
            let number = component.ports.get(port).copied().unwrap_or_default();
            format!("{host}:{number}")
        };
        let port = |(port, number): (&Name, &u16)| {
            let exposure = Exposure::of(component, port);
            let view = PortView {
                number: *number,
                address: address(port),
                listen: places.listen(*number, exposure),
                published: exposure == Exposure::Published,
            };
            (port.to_string(), view)
        };
        Self {
            name: name.to_string(),
            summary: component.summary.clone(),
            ours: component.binary.is_some(),
            ports: component.ports.iter().map(port).collect(),
            health: HealthView {
                kind: component.health.kind(),
                address: address(component.health.port()),
                path: component.health.path().map(ToOwned::to_owned),
            },
            metrics: component.metrics.as_ref().map(|target| MetricsView {
                address: address(&target.port),
                path: target.path.clone(),
            }),
            database: component.database.as_ref().map(ToString::to_string),
            essential: component.essential,
            memory_bytes: component.resources.memory.map(|size| size.0),
        }
    }
}

impl JobView {
    fn of(name: &Name, job: &Job) -> Self {
        Self {
            name: name.to_string(),
            summary: job.summary.clone(),
        }
    }
}

impl DatabaseView {
    fn of(name: &Name, component: &Component) -> Option<Self> {
        let database = component.database.as_ref()?;
        Some(Self {
            name: database.to_string(),
            secret: database_secret(name),
        })
    }
}
