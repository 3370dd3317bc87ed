//! What expressions and templates can see: functions that look the model up, and the model itself as data.
//!
//! Every function answers a name that does not exist with those that do.

use std::{collections::BTreeMap, path::Path};

use minijinja::{Environment as Engine, Error, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};
use base64::Engine as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::places::{Exposure, Places};
use crate::model::{
    Component, Environment, FileSpec, Name, Unit,
    diagnostic::{any_of, did_you_mean},
};

/// The component or job whose strings and files are rendered.
pub(super) struct Owner<'a> {
    pub(super) environment: &'a Environment,
    pub(super) places: &'a dyn Places,
    pub(super) name: &'a Name,
}

impl<'a> Owner<'a> {
    pub(super) fn unit(&self) -> Unit<'a> {
        self.environment.unit(self.name).expect("BUG: an owner is made from a name of the environment")
    }

    /// The component whose binary, variables, files and secrets it takes over.
    pub(super) fn inherited(&self) -> Option<(&'a Name, &'a Component)> {
        let Unit::Job(job) = self.unit() else { return None };
        job.of.as_ref().and_then(|of| self.environment.stack.components.get_key_value(of))
    }

    /// Its files with the owner under whose path they are written in the stack.
    pub(super) fn files(&self) -> Vec<(&'a Name, &'a FileSpec)> {
        let own = match self.unit() {
            Unit::Component(component) => &component.files,
            Unit::Job(job) => &job.files,
        };
        let inherited = self.inherited().into_iter().flat_map(|(name, component)| component.files.iter().map(move |file| (name, file)));
        inherited.chain(own.iter().map(|file| (self.name, file))).collect()
    }

    pub(super) fn secrets(&self) -> Vec<&'a Name> {
        let own = match self.unit() {
            Unit::Component(component) => &component.secrets,
            Unit::Job(job) => &job.secrets,
        };
        self.inherited().into_iter().flat_map(|(_, component)| &component.secrets).chain(own).collect()
    }

    /// The component whose ports are "its own".
    fn component(&self) -> Option<&'a Component> {
        match self.unit() {
            Unit::Component(component) => Some(component),
            Unit::Job(_) => self.inherited().map(|(_, component)| component),
        }
    }

    /// Address of one of its own ports; validated names only.
    pub(super) fn own_address(&self, port: &Name) -> String {
        let number = self.component().and_then(|component| component.ports.get(port)).copied().unwrap_or_default();
        format!("{}:{number}", self.places.host(self.name))
    }

    /// The engine with every function, for expressions and templates alike.
    pub(super) fn engine(&self) -> Engine<'static> {
        let mut engine = Engine::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
        engine.set_syntax(syntax.expect("BUG: the usual delimiters are valid"));
        engine.set_debug(true);
        // Configuration is no HTML, and a `.json.j2` is written as its author wants it.
        engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        engine.add_filter("csp_hash", csp_hash);
        self.add_addresses(&mut engine);
        self.add_own(&mut engine);
        engine
    }

    fn add_addresses(&self, engine: &mut Engine<'static>) {
        let ports = AddressBook::of(self.environment, self.places);
        let book = ports.clone();
        engine.add_function("address", move |component: &str, port: &str| book.find(component, port).map(|at| at.address()));
        let book = ports.clone();
        engine.add_function("url", move |component: &str, port: &str| book.find(component, port).map(|at| format!("http://{}", at.address())));
        let book = ports.clone();
        engine.add_function("host", move |component: &str, port: &str| book.find(component, port).map(|at| at.host.clone()));
        engine.add_function("port_of", move |component: &str, port: &str| ports.find(component, port).map(|at| at.number));
    }

    fn add_own(&self, engine: &mut Engine<'static>) {
        let ports = self.own_ports();
        let listening = ports.clone();
        let name = self.name.to_string();
        let who = name.clone();
        engine.add_function("port", move |port: &str| look_up(&ports, port, &format!("port of `{who}`")).map(|(number, _)| *number));
        let who = name.clone();
        engine.add_function("listen", move |port: &str| look_up(&listening, port, &format!("port of `{who}`")).map(|(_, listen)| listen.clone()));

        let config = self.places.config(self.name);
        let files: BTreeMap<String, String> =
            self.files().into_iter().map(|(_, file)| (file.target.clone(), text(&config.join(&file.target)))).collect();
        let who = name.clone();
        engine.add_function("file", move |target: &str| look_up(&files, target, &format!("file of `{who}`")).cloned());

        let secrets: BTreeMap<String, String> =
            self.secrets().into_iter().map(|secret| (secret.to_string(), text(&self.places.secret(self.name, secret)))).collect();
        engine.add_function("secret", move |secret: &str| look_up(&secrets, secret, &format!("secret among the `secrets` of `{name}`")).cloned());

        // What a component's variables call its data is that also for the jobs that take them over.
        let data = self.places.data(self.inherited().map_or(self.name, |(name, _)| name));
        engine.add_global("data", text(&data));
        engine.add_global("config", text(&config));
        engine.add_global("run", text(&self.places.run(self.name)));
        engine.add_global("settings", Value::from(Serde(self.environment.settings())));
        engine.add_global("environment", self.environment.name.to_string());
    }

    /// Number and listening address of each of its own ports.
    fn own_ports(&self) -> BTreeMap<String, (u16, String)> {
        let Some(component) = self.component() else { return BTreeMap::new() };
        let port = |(name, number): (&Name, &u16)| {
            let exposure = if component.published.contains(name) { Exposure::Published } else { Exposure::Internal };
            (name.to_string(), (*number, self.places.listen(*number, exposure)))
        };
        component.ports.iter().map(port).collect()
    }

    /// The model as templates see it, under `stack`.
    pub(super) fn stack(&self) -> Value {
        Value::from(Serde(stack_view(self.environment, self.places)))
    }
}

#[derive(Clone)]
struct AddressBook(BTreeMap<String, BTreeMap<String, Address>>);

#[derive(Clone)]
struct Address {
    host: String,
    number: u16,
}

impl Address {
    fn address(&self) -> String {
        format!("{}:{}", self.host, self.number)
    }
}

impl AddressBook {
    fn of(environment: &Environment, places: &dyn Places) -> Self {
        let ports = |name: &Name, component: &Component| {
            let host = places.host(name);
            component.ports.iter().map(|(port, number)| (port.to_string(), Address { host: host.clone(), number: *number })).collect()
        };
        Self(environment.stack.components.iter().map(|(name, component)| (name.to_string(), ports(name, component))).collect())
    }

    fn find(&self, component: &str, port: &str) -> Result<&Address, Error> {
        look_up(look_up(&self.0, component, "component")?, port, &format!("port of `{component}`"))
    }
}

fn look_up<'m, T>(known: &'m BTreeMap<String, T>, name: &str, what: &str) -> Result<&'m T, Error> {
    known.get(name).ok_or_else(|| {
        let near = did_you_mean(name, known.keys()).map_or_else(String::new, |hint| format!("; {hint}"));
        Error::new(ErrorKind::InvalidOperation, format!("`{name}` is no {what}; there is {}{near}", any_of(known.keys())))
    })
}

/// How a Content-Security-Policy names an inline style or script: by its content.
pub(super) fn csp_hash(content: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(content)))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[derive(Serialize)]
struct StackView {
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

fn stack_view(environment: &Environment, places: &dyn Places) -> StackView {
    let stack = &environment.stack;
    StackView {
        name: stack.name.to_string(),
        components: stack.components.iter().map(|(name, component)| (name.to_string(), component_view(name, component, places))).collect(),
        jobs: stack
            .jobs
            .iter()
            .map(|(name, job)| (name.to_string(), JobView { name: name.to_string(), summary: job.summary.clone() }))
            .collect(),
        databases: stack
            .components
            .iter()
            .filter_map(|(name, component)| {
                let database = component.database.as_ref()?;
                Some((name.to_string(), DatabaseView { name: database.to_string(), secret: crate::model::database_secret(name) }))
            })
            .collect(),
    }
}

fn component_view(name: &Name, component: &Component, places: &dyn Places) -> ComponentView {
    let host = places.host(name);
    let address = |port: &Name| format!("{host}:{}", component.ports.get(port).copied().unwrap_or_default());
    let port_view = |(port, number): (&Name, &u16)| {
        let published = component.published.contains(port);
        let exposure = if published { Exposure::Published } else { Exposure::Internal };
        (port.to_string(), PortView { number: *number, address: address(port), listen: places.listen(*number, exposure), published })
    };
    let health_path = if let crate::model::Health::Http(target) = &component.health { Some(target.path.clone()) } else { None };
    ComponentView {
        name: name.to_string(),
        summary: component.summary.clone(),
        ours: component.binary.is_some(),
        ports: component.ports.iter().map(port_view).collect(),
        health: HealthView { kind: component.health.kind(), address: address(component.health.port()), path: health_path },
        metrics: component.metrics.as_ref().map(|target| MetricsView { address: address(&target.port), path: target.path.clone() }),
        database: component.database.as_ref().map(ToString::to_string),
        essential: component.essential,
        memory_bytes: component.resources.memory.map(|size| size.0),
    }
}
