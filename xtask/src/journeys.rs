//! `cargo xtask probe`: uses the running platform as people and programs do, hop by hop.
//!
//! Health checks say that each part works; a journey says that the whole does. A hop that fails names the component that
//! is the cause, found by asking every component that the hop goes through, and the command that shows its log.

pub(crate) mod account;
mod api;
mod broker;
mod browse;
mod checkout;
mod components;
pub(crate) mod customer;
mod data;
mod documented;
mod edge;
pub(crate) mod junit;
mod live;
mod mail;
mod observability;
mod page;
mod trip;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::future::BoxFuture;

use crate::{
    events::Hop,
    http,
    model::{Component, Environment, Health, Name},
    paths::Paths,
    runtime::{docker::reach::Reach, host::protocol::HealthCheck},
};
use trip::Trip;

/// A way through the platform.
pub(crate) struct Journey {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Whether it may have to wait until something has happened by itself, such as Prometheus' next scrape.
    pub(crate) waits: bool,
    travel: for<'a, 'w> fn(&'a mut Trip<'w>) -> BoxFuture<'a, ()>,
}

/// Every journey, from the parts to the whole.
pub(crate) const JOURNEYS: &[Journey] = &[
    Journey {
        name: "components",
        about: "each component's own answer",
        waits: false,
        travel: |trip| Box::pin(components::travel(trip)),
    },
    Journey {
        name: "edge",
        about: "what every client meets first",
        waits: false,
        travel: |trip| Box::pin(edge::travel(trip)),
    },
    Journey {
        name: "browse",
        about: "a shopper finds a product",
        waits: false,
        travel: |trip| Box::pin(browse::travel(trip)),
    },
    Journey {
        name: "api",
        about: "a program reads the catalogue",
        waits: false,
        travel: |trip| Box::pin(api::travel(trip)),
    },
    Journey {
        name: "checkout",
        about: "a shopper buys something",
        waits: false,
        travel: |trip| Box::pin(checkout::travel(trip)),
    },
    Journey {
        name: "mail",
        about: "a message is caught and read",
        waits: false,
        travel: |trip| Box::pin(mail::travel(trip)),
    },
    Journey {
        name: "broker",
        about: "streams for the services' events",
        waits: false,
        travel: |trip| Box::pin(broker::travel(trip)),
    },
    Journey {
        name: "data",
        about: "each service reaches its own database only",
        waits: false,
        travel: |trip| Box::pin(data::travel(trip)),
    },
    Journey {
        name: "observability",
        about: "metrics arrive, alerts would",
        waits: true,
        travel: |trip| Box::pin(observability::travel(trip)),
    },
];

/// Pages and counts are kept for some seconds: right after a change they may still show what was before.
const PAGES_ARE_FRESH: Duration = Duration::from_secs(12);

/// The platform as a probe sees it.
pub(crate) struct World {
    pub(crate) environment: Environment,
    pub(crate) paths: Paths,
    /// Where containers are; none on the host.
    pub(crate) containers: Option<Reach>,
}

/// The journeys that `--journey` names; all without it. The error lists them.
pub(crate) fn select(name: Option<&str>) -> Result<Vec<&'static Journey>, String> {
    let Some(name) = name else {
        return Ok(JOURNEYS.iter().collect());
    };
    let found = JOURNEYS.iter().find(|journey| journey.name == name);
    found.map(|journey| vec![journey]).ok_or_else(|| {
        let known: Vec<String> = JOURNEYS
            .iter()
            .map(|journey| format!("{} ({})", journey.name, journey.about))
            .collect();
        format!(
            "there is no journey `{name}`: expected {}",
            known.join(", ")
        )
    })
}

/// Makes the journeys one after the other and tells each hop as it is made.
pub(crate) async fn run(
    world: &World,
    journeys: &[&Journey],
    on_hop: &(dyn Fn(&Hop) + Sync),
) -> Vec<Hop> {
    let mut trip = Trip::new(world, on_hop);
    for journey in journeys {
        trip.begin(journey.name);
        (journey.travel)(&mut trip).await;
    }
    trip.into_hops()
}

impl World {
    /// What a person types for this environment.
    fn command(&self, command: &str) -> String {
        match self.environment.name.as_str() {
            "dev" => format!("cargo xtask {command}"),
            other => format!("cargo xtask {command} --env {other}"),
        }
    }

    /// The components that one calls, and those that they call: whatever its variables and arguments name.
    fn called_by(&self, component: &str) -> BTreeSet<&str> {
        let mut called = BTreeSet::new();
        let mut open = vec![component.to_owned()];
        while let Some(name) = open.pop() {
            let Some(component) = self.component(&name) else {
                continue;
            };
            let texts: Vec<&String> = component.env.values().chain(&component.args).collect();
            for other in self.environment.stack.components.keys().map(Name::as_str) {
                let quoted = format!("'{other}'");
                let calls = texts.iter().any(|text| {
                    text.contains(&quoted) && !text.contains(&format!("secret({quoted})"))
                });
                if calls && other != name && called.insert(other) {
                    open.push(other.to_owned());
                }
            }
        }
        called
    }

    fn has(&self, component: &str) -> bool {
        self.component(component).is_some()
    }

    /// Whether the edge lets the mails be read that were caught.
    fn shows_mail(&self) -> bool {
        self.has("mailbox") && self.environment.settings().mail_at_edge
    }

    fn component(&self, name: &str) -> Option<&Component> {
        self.environment
            .stack
            .components
            .iter()
            .find(|(known, _)| known.as_str() == name)
            .map(|(_, component)| component)
    }

    /// `host:port` under which this machine reaches a component's port.
    pub(crate) fn address(&self, component: &str, port: &str) -> Result<String, String> {
        let known = self.component(component);
        let number = |ports: &BTreeMap<Name, u16>| {
            let mut ports = ports.iter();
            let found = ports.find(|(name, _)| name.as_str() == port);
            found.map(|(_, number)| *number)
        };
        let outside = known
            .and_then(|component| number(&component.ports))
            .ok_or_else(|| format!("the model has no port `{port}` of `{component}`"))?;
        let is_published = known.is_some_and(|component| {
            let mut published = component.published.iter();
            published.any(|name| name.as_str() == port)
        });
        let Some(containers) = &self.containers else {
            return Ok(format!("127.0.0.1:{outside}"));
        };
        if is_published {
            return Ok(containers.published(outside));
        }
        let own = self.environment.own_ports.iter();
        let mut own = own.filter(|(name, _)| name.as_str() == component);
        let inside = own.find_map(|(_, ports)| number(ports)).unwrap_or(outside);
        containers.address(component, inside)
    }

    /// A path on the edge, where shoppers meet it.
    pub(crate) fn edge(&self, path: &str) -> Result<String, String> {
        Ok(format!("http://{}{path}", self.address("caddy", "http")?))
    }

    async fn get(&self, path: &str) -> Result<http::Answer, String> {
        http::get(&self.edge(path)?).await
    }

    /// A GET at the edge that must answer with 200.
    async fn get_ok(&self, path: &str) -> Result<http::Answer, String> {
        let answer = self.get(path).await?;
        if answer.status == hyper::StatusCode::OK {
            return Ok(answer);
        }
        Err(format!(
            "{path} answers with {}: {}",
            answer.status,
            answer.excerpt()
        ))
    }

    pub(crate) fn health_check(&self, component: &str) -> Option<HealthCheck> {
        let health = &self.component(component)?.health;
        let address = self.address(component, health.port().as_str()).ok()?;
        Some(match health {
            Health::Http(target) => HealthCheck::Http {
                address,
                path: target.path.clone(),
            },
            Health::Tcp(_) => HealthCheck::Tcp { address },
            Health::Postgres(_) => HealthCheck::Postgres { address },
            Health::Nats(_) => HealthCheck::Nats { address },
            Health::S3(_) => HealthCheck::S3 { address },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_journey_is_refused_with_the_known_ones() {
        let error = select(Some("brows")).err().unwrap();
        assert!(
            error.contains("`brows`") && error.contains("browse (a shopper finds a product), api"),
            "{error}"
        );
        assert_eq!(select(Some("mail")).unwrap()[0].name, "mail");
        assert_eq!(select(None).unwrap().len(), JOURNEYS.len());
    }
}
