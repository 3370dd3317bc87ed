//! At which address this machine reaches a port of a component: the one place that answers it.
//!
//! With the engine on this machine every container's own address can be reached. With one elsewhere what it publishes
//! is reached at its machine, and everything else only where the containers' networks are routed to this one.

use std::{collections::BTreeMap, net::IpAddr};

use super::{engine::Engine, observe::Seen};
use crate::runtime::host::protocol::HealthCheck;

/// Addresses of everything that runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// By component.
    addresses: BTreeMap<String, IpAddr>,
    /// The machine whose ports lead to what is published.
    machine: String,
}

impl Reach {
    pub(crate) fn of<'s>(engine: &Engine, seen: impl Iterator<Item = &'s Seen>) -> Self {
        let address = |seen: &Seen| Some((seen.unit.clone(), address(seen)?));
        Self {
            addresses: seen.filter_map(address).collect(),
            machine: engine.machine().to_owned(),
        }
    }

    /// `host:port`, the port as it is inside.
    pub(crate) fn address(&self, component: &str, port: u16) -> Result<String, String> {
        let address = self
            .addresses
            .get(component)
            .ok_or_else(|| format!("{component} has no address: its container does not run"))?;
        Ok(format!("{address}:{port}"))
    }

    /// A port that the engine's machine passes on.
    pub(crate) fn published(&self, outside: u16) -> String {
        format!("{}:{outside}", self.machine)
    }

    /// The same for `component:port`, as the components say it among themselves.
    pub(crate) fn translate(&self, inside: &str) -> Result<String, String> {
        let (component, port) = inside
            .rsplit_once(':')
            .ok_or_else(|| format!("BUG: `{inside}` has no port"))?;
        let port = port
            .parse()
            .map_err(|_| format!("BUG: `{inside}` has no port"))?;
        self.address(component, port)
    }

    /// A component's health check from here.
    pub(crate) fn check(&self, inside: &HealthCheck) -> Result<HealthCheck, String> {
        let at = |address: &str| self.translate(address);
        Ok(match inside {
            HealthCheck::Http { address, path } => HealthCheck::Http {
                address: at(address)?,
                path: path.clone(),
            },
            HealthCheck::Tcp { address } => HealthCheck::Tcp {
                address: at(address)?,
            },
            HealthCheck::Postgres { address } => HealthCheck::Postgres {
                address: at(address)?,
            },
            HealthCheck::Nats { address } => HealthCheck::Nats {
                address: at(address)?,
            },
            HealthCheck::S3 { address } => HealthCheck::S3 {
                address: at(address)?,
            },
        })
    }
}

/// Of several, the one in the network whose name comes first: always the same.
fn address(seen: &Seen) -> Option<IpAddr> {
    let networks: BTreeMap<_, _> = seen.networks()?.iter().collect();
    networks
        .values()
        .find_map(|endpoint| endpoint.ip_address.as_deref()?.parse().ok())
}
