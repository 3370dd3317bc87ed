//! Looks names up for expressions and templates, and answers one that does not exist with those that do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use minijinja::{Error, ErrorKind};

use super::{Needed, places::Places};
use crate::model::{
    Component, Environment, Name,
    diagnostic::{any_of, did_you_mean},
};

/// Every port of every component, and which of them were asked for.
#[derive(Clone)]
pub(super) struct AddressBook {
    ports: BTreeMap<String, BTreeMap<String, Address>>,
    asked: Arc<Mutex<BTreeSet<Needed>>>,
}

#[derive(Clone)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) number: u16,
}

impl Address {
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.host, self.number)
    }
}

impl AddressBook {
    pub(super) fn of(environment: &Environment, places: &dyn Places) -> Self {
        let components = environment.stack.components.iter();
        let component = |(name, component): (&Name, &Component)| {
            let host = places.host(name);
            let address = |(port, number): (&Name, &u16)| {
                let host = host.clone();
                (
                    port.to_string(),
                    Address {
                        host,
                        number: *number,
                    },
                )
            };
            (
                name.to_string(),
                component.ports.iter().map(address).collect(),
            )
        };
        Self {
            ports: components.map(component).collect(),
            asked: Arc::default(),
        }
    }

    pub(super) fn find(&self, component: &str, port: &str) -> Result<&Address, Error> {
        let ports = look_up(&self.ports, component, "component")?;
        let found = look_up(ports, port, &format!("port of `{component}`"))?;
        if let Ok(mut asked) = self.asked.lock() {
            asked.insert(Needed {
                component: component.into(),
                port: port.into(),
                address: found.address(),
            });
        }
        Ok(found)
    }

    /// What was asked for so far.
    pub(super) fn asked(&self) -> BTreeSet<Needed> {
        self.asked
            .lock()
            .map(|asked| asked.clone())
            .unwrap_or_default()
    }
}

/// A name that is not there, kept as data so that the message can be laid out like every other.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is no {what}")]
pub(super) struct UnknownName {
    name: String,
    what: String,
    pub(super) expected: String,
    pub(super) hint: Option<String>,
}

pub(super) fn look_up<'m, T>(
    known: &'m BTreeMap<String, T>,
    name: &str,
    what: &str,
) -> Result<&'m T, Error> {
    known.get(name).ok_or_else(|| {
        let (expected, hint) = (any_of(known.keys()), did_you_mean(name, known.keys()));
        UnknownName {
            name: name.into(),
            what: what.into(),
            expected,
            hint,
        }
        .into()
    })
}

/// A secret that exists is only not granted yet.
pub(super) fn unknown_secret(
    name: &str,
    unit: &str,
    granted: &BTreeMap<String, String>,
    all: &BTreeSet<String>,
) -> Error {
    let grant = all
        .contains(name)
        .then(|| format!("add `{name}` to the `secrets` of `{unit}`"));
    let hint = grant.or_else(|| did_you_mean(name, all));
    UnknownName {
        name: name.into(),
        what: format!("secret of `{unit}`"),
        expected: any_of(granted.keys()),
        hint,
    }
    .into()
}

impl From<UnknownName> for Error {
    fn from(unknown: UnknownName) -> Self {
        Self::new(ErrorKind::InvalidOperation, unknown.to_string()).with_source(unknown)
    }
}
