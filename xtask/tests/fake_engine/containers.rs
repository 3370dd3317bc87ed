//! What the fake engine keeps: containers that listen where they are told to, networks, volumes.

use std::{
    collections::BTreeMap,
    io::Read as _,
    net::{IpAddr, Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

use serde_json::{Map, Value, json};

/// Everything on the engine.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) containers: BTreeMap<String, Container>,
    /// By name: labels, and whether it is internal.
    pub(crate) networks: BTreeMap<String, Value>,
    pub(crate) volumes: BTreeMap<String, Value>,
    made: u32,
    /// Requests that were meant to change something.
    pub(crate) changes: u32,
}

/// The machine's own network has addresses for all: no two containers of this process share one.
static ADDRESSES: AtomicU16 = AtomicU16::new(1);

/// A component listens as long as it runs; a job has ended as soon as it has begun.
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) request: Value,
    status: &'static str,
    address: Ipv4Addr,
    networks: Vec<String>,
    /// Content by path.
    files: BTreeMap<String, Vec<u8>>,
    listeners: Vec<TcpListener>,
}

impl World {
    pub(crate) fn create(&mut self, name: &str, request: Value) -> Option<String> {
        if self.find(name).is_some() {
            return None;
        }
        self.made += 1;
        let id = format!("{:064x}", self.made);
        let networks = request["NetworkingConfig"]["EndpointsConfig"].as_object();
        let networks = networks.into_iter().flat_map(Map::keys).cloned().collect();
        let number = ADDRESSES.fetch_add(1, Ordering::Relaxed);
        let [high, low] = number.to_be_bytes();
        let own = u8::try_from(std::process::id() % 200 + 20).unwrap();
        let container = Container {
            name: name.to_owned(),
            request,
            status: "created",
            address: Ipv4Addr::new(127, own, high, low),
            networks,
            files: BTreeMap::new(),
            listeners: Vec::new(),
        };
        self.containers.insert(id.clone(), container);
        Some(id)
    }

    /// By id or name.
    pub(crate) fn find(&self, wanted: &str) -> Option<String> {
        let found = self
            .containers
            .iter()
            .find(|(id, container)| *id == wanted || container.name == wanted);
        found.map(|(id, _)| id.clone())
    }

    pub(crate) fn left(&self) -> Vec<String> {
        let containers = self
            .containers
            .values()
            .map(|container| container.name.clone());
        let networks = self.networks.keys().cloned();
        containers
            .chain(networks)
            .chain(self.volumes.keys().cloned())
            .collect()
    }
}

/// Whether these labels have all that the filter asks for.
pub(crate) fn carries(labels: &Value, filters: &Value) -> bool {
    let wanted = filters["label"].as_array().into_iter().flatten();
    wanted.filter_map(Value::as_str).all(|wanted| {
        let (label, value) = wanted.split_once('=').unwrap();
        labels[label] == value
    })
}

impl Container {
    /// Whether it was not running yet.
    pub(crate) fn start(&mut self) -> bool {
        if self.status == "running" {
            return false;
        }
        let is_job = self.request["Labels"]["argosy.kind"] == "job";
        if is_job {
            self.status = "exited";
            return true;
        }
        self.status = "running";
        let arguments = self.request["Cmd"].as_array().into_iter().flatten();
        let ports =
            arguments.filter_map(|argument| argument.as_str()?.rsplit_once(':')?.1.parse().ok());
        let address = IpAddr::V4(self.address);
        self.listeners = ports
            .map(|port: u16| TcpListener::bind((address, port)).unwrap())
            .collect();
        true
    }

    pub(crate) fn stop(&mut self) {
        self.listeners.clear();
        if self.status == "running" {
            self.status = "exited";
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.status == "exited"
    }

    pub(crate) fn join(&mut self, network: &str) {
        self.networks.push(network.to_owned());
    }

    pub(crate) fn leave(&mut self, network: &str) {
        self.networks.retain(|joined| joined != network);
    }

    pub(crate) fn update(&mut self, request: &Value) {
        for (key, value) in request.as_object().into_iter().flatten() {
            if !value.is_null() {
                self.request["HostConfig"][key] = value.clone();
            }
        }
    }

    pub(crate) fn unpack(&mut self, folder: &str, archive: &[u8]) {
        for entry in tar::Archive::new(archive).entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.header().entry_type() != tar::EntryType::Regular {
                continue;
            }
            let path = format!("{folder}/{}", entry.path().unwrap().display());
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            self.files.insert(path, content);
        }
    }

    /// A folder as an archive, named by its last part as the engine does; none when nothing is there.
    pub(crate) fn pack(&self, folder: &str) -> Option<Vec<u8>> {
        let (parent, _) = folder.rsplit_once('/').unwrap();
        let inside = self
            .files
            .iter()
            .filter(|(path, _)| path.starts_with(folder));
        let mut archive = tar::Builder::new(Vec::new());
        let mut is_there = false;
        for (path, content) in inside {
            is_there = true;
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            let name = path.strip_prefix(parent).unwrap().trim_start_matches('/');
            archive
                .append_data(&mut header, name, content.as_slice())
                .unwrap();
        }
        is_there.then(|| archive.into_inner().unwrap())
    }

    pub(crate) fn in_list(&self, id: &str) -> Value {
        json!({ "Id": id, "Names": [format!("/{}", self.name)], "Labels": self.request["Labels"], "Ports": [] })
    }

    pub(crate) fn inspect(&self, id: &str) -> Value {
        let endpoint = |network: &String| {
            let address = if self.status == "running" {
                self.address.to_string()
            } else {
                String::new()
            };
            (network.clone(), json!({ "IPAddress": address }))
        };
        let networks: Map<String, Value> = self.networks.iter().map(endpoint).collect();
        json!({
            "Id": id,
            "Name": format!("/{}", self.name),
            "Image": "sha256:0000",
            "RestartCount": 0,
            "State": {
                "Status": self.status,
                "Running": self.status == "running",
                "ExitCode": 0,
                "OOMKilled": false,
                "Error": "",
                "StartedAt": "2026-01-01T00:00:00Z",
                "FinishedAt": "2026-01-01T00:00:00Z",
            },
            "Config": { "Labels": self.request["Labels"], "Image": self.request["Image"] },
            "HostConfig": {
                "Memory": self.request["HostConfig"]["Memory"],
                "NanoCpus": self.request["HostConfig"]["NanoCpus"].as_i64().unwrap_or(0),
                "PidsLimit": self.request["HostConfig"]["PidsLimit"],
            },
            "NetworkSettings": { "Networks": networks },
        })
    }
}
