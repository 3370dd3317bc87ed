//! What expressions and templates can see: functions that look the model up, and the model itself as data.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use base64::Engine as _;
use minijinja::{
    Environment as Engine, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};
use sha2::{Digest as _, Sha256};

use super::{
    Needed,
    names::{Address, AddressBook, look_up, unknown_secret},
    places::{Exposure, Places},
    stack_view::StackView,
};
use crate::model::{Component, Environment, FileSpec, Name, Unit};

/// The component or job whose strings and files are rendered.
pub(super) struct Owner<'a> {
    pub(super) environment: &'a Environment,
    pub(super) places: &'a dyn Places,
    pub(super) name: &'a Name,
    /// With every function, for expressions and templates alike.
    pub(super) engine: Engine<'static>,
    book: AddressBook,
}

impl<'a> Owner<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        places: &'a dyn Places,
        name: &'a Name,
    ) -> Self {
        let mut owner = Self {
            environment,
            places,
            name,
            engine: bare_engine(),
            book: AddressBook::of(environment, places),
        };
        owner.add_addresses();
        owner.add_ports();
        owner.add_files();
        owner.add_secrets();
        owner.add_values();
        owner
    }

    pub(super) fn unit(&self) -> Unit<'a> {
        self.environment
            .unit(self.name)
            .expect("BUG: an owner is made from a name of the environment")
    }

    /// The component whose binary, variables, files and secrets it takes over.
    pub(super) fn inherited(&self) -> Option<(&'a Name, &'a Component)> {
        let Unit::Job(job) = self.unit() else {
            return None;
        };
        job.of
            .as_ref()
            .and_then(|of| self.environment.stack.components.get_key_value(of))
    }

    /// Its files with the owner under whose path they are written in the stack.
    pub(super) fn files(&self) -> Vec<(&'a Name, &'a FileSpec)> {
        let own = match self.unit() {
            Unit::Component(component) => &component.files,
            Unit::Job(job) => &job.files,
        };
        let inherited = self
            .inherited()
            .into_iter()
            .flat_map(|(name, component)| component.files.iter().map(move |file| (name, file)));
        inherited
            .chain(own.iter().map(|file| (self.name, file)))
            .collect()
    }

    pub(super) fn secrets(&self) -> Vec<&'a Name> {
        let own = match self.unit() {
            Unit::Component(component) => &component.secrets,
            Unit::Job(job) => &job.secrets,
        };
        self.inherited()
            .into_iter()
            .flat_map(|(_, component)| &component.secrets)
            .chain(own)
            .collect()
    }

    /// The ports of others that its strings and files have asked for so far.
    pub(super) fn needs(&self) -> Vec<Needed> {
        let mut needs = self.book.asked();
        needs.retain(|needed| needed.component != self.name.as_str());
        needs.into_iter().collect()
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
        let number = self
            .component()
            .and_then(|component| component.ports.get(port))
            .copied()
            .unwrap_or_default();
        format!("{}:{number}", self.places.host(self.name))
    }

    fn add_addresses(&mut self) {
        let engine = &mut self.engine;
        let ports = self.book.clone();
        let book = ports.clone();
        engine.add_function("address", move |component: &str, port: &str| {
            book.find(component, port).map(Address::address)
        });
        let book = ports.clone();
        engine.add_function("url", move |component: &str, port: &str| {
            book.find(component, port)
                .map(|at| format!("http://{}", at.address()))
        });
        let book = ports.clone();
        engine.add_function("host", move |component: &str, port: &str| {
            book.find(component, port).map(|at| at.host.clone())
        });
        engine.add_function("port_of", move |component: &str, port: &str| {
            ports.find(component, port).map(|at| at.number)
        });
    }

    fn add_ports(&mut self) {
        let ports = self.own_ports();
        let listening = ports.clone();
        // A job that takes a component over has its ports: the mistake is the component's, and is reported once.
        let who = self
            .inherited()
            .map_or(self.name, |(name, _)| name)
            .to_string();
        let listener = who.clone();
        self.engine.add_function("port", move |port: &str| {
            look_up(&ports, port, &format!("port of `{who}`")).map(|(number, _)| *number)
        });
        self.engine.add_function("listen", move |port: &str| {
            look_up(&listening, port, &format!("port of `{listener}`"))
                .map(|(_, listen)| listen.clone())
        });
    }

    fn add_files(&mut self) {
        let config = self.places.config(self.name);
        let files: BTreeMap<String, String> = self
            .files()
            .into_iter()
            .map(|(_, file)| (file.target.clone(), text(&config.join(&file.target))))
            .collect();
        let who = self.name.to_string();
        self.engine.add_function("file", move |target: &str| {
            look_up(&files, target, &format!("file of `{who}`")).cloned()
        });
    }

    fn add_secrets(&mut self) {
        let name = self.name.to_string();
        let secrets: BTreeMap<String, String> = self
            .secrets()
            .into_iter()
            .map(|secret| {
                (
                    secret.to_string(),
                    text(&self.places.secret(self.name, secret)),
                )
            })
            .collect();
        let all: BTreeSet<String> = self
            .environment
            .stack
            .secrets
            .keys()
            .map(ToString::to_string)
            .collect();
        self.engine
            .add_function("secret", move |secret: &str| match secrets.get(secret) {
                Some(path) => Ok(path.clone()),
                None => Err(unknown_secret(secret, &name, &secrets, &all)),
            });
    }

    fn add_values(&mut self) {
        // What a component's variables call its data is that also for the jobs that take them over.
        let data = self
            .places
            .data(self.inherited().map_or(self.name, |(name, _)| name));
        self.engine.add_global("data", text(&data));
        self.engine
            .add_global("config", text(&self.places.config(self.name)));
        self.engine
            .add_global("run", text(&self.places.run(self.name)));
        self.engine
            .add_global("settings", Value::from(Serde(self.environment.settings())));
        self.engine
            .add_global("environment", self.environment.name.to_string());
    }

    /// Number and listening address of each of its own ports.
    fn own_ports(&self) -> BTreeMap<String, (u16, String)> {
        let Some(component) = self.component() else {
            return BTreeMap::new();
        };
        let port = |(name, number): (&Name, &u16)| {
            let listen = self.places.listen(*number, Exposure::of(component, name));
            (name.to_string(), (*number, listen))
        };
        component.ports.iter().map(port).collect()
    }

    /// The model as templates see it, under `stack`.
    pub(super) fn stack(&self) -> Value {
        Value::from(Serde(StackView::of(self.environment, self.places)))
    }
}

fn bare_engine() -> Engine<'static> {
    let mut engine = Engine::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    engine.set_syntax(syntax.expect("BUG: the usual delimiters are valid"));
    // Errors then carry the part of the template that they are about.
    engine.set_debug(true);
    // Configuration is no HTML, and a `.json.j2` is written as its author wants it.
    engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    engine.add_filter("csp_hash", csp_hash);
    engine
}

/// How a Content-Security-Policy names an inline style or script: by its content.
pub(super) fn csp_hash(content: &str) -> String {
    format!(
        "sha256-{}",
        base64::engine::general_purpose::STANDARD.encode(Sha256::digest(content))
    )
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
