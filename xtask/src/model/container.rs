//! What a component or job is as a container: its image, and how far it is shut in.
//!
//! The defaults are the strict ones, so that the stack's file only says what is different. What loosens them carries
//! its reason, which the audit of the running containers prints.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{ByteSize, Component, Environment, HostProgram, Name, Unit};

/// Where the image of a program that is not ours comes from. At least one of `upstream` and `debian` is given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageSource {
    /// The image that the program's own project publishes. Its digest is in `infra/images.lock`.
    pub(crate) upstream: Option<ImageTag>,
    /// The folder under `infra/images` with the Dockerfile that installs Debian's packages.
    pub(crate) debian: Option<Name>,
    /// What the program is called in the upstream image, where that is not its name on the host.
    pub(crate) program: Option<String>,
}

/// An image by name and exact tag: `prom/prometheus:v2.53.5`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ImageTag {
    /// `postgres`, `prom/prometheus` or `quay.io/minio/minio`.
    pub(crate) repository: String,
    pub(crate) tag: String,
}

const IMAGE_PATTERN: &str = "^[a-z0-9]+([._-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$";

/// How a component or job is shut in. A job that is `of` a component has that component's.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Container {
    /// The number of the user and of the group that it runs as, never 0. 10001 by default.
    pub(crate) user: Option<u32>,
    /// The networks that it is in. By default `app`; `data` as well with a database, `edge` as well with a published port.
    pub(crate) networks: Option<BTreeSet<Network>>,
    /// Folders in memory that it may write to, beside its data and `/tmp`.
    #[serde(default)]
    pub(crate) tmpfs: Vec<String>,
    /// Why it must be able to write anywhere in its image. By default it cannot.
    pub(crate) writable_root: Option<String>,
    /// What it may do that an ordinary process may not. Nothing by default.
    #[serde(default)]
    pub(crate) capabilities: Vec<Capability>,
}

/// One of the kernel's capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capability {
    /// As the kernel calls it, without `CAP_`: `NET_BIND_SERVICE`.
    pub(crate) name: String,
    /// Why it cannot do without.
    pub(crate) reason: String,
    /// The images with which it needs it; both when left out.
    pub(crate) images: Option<ImageKind>,
}

/// The two kinds of image that a program which is not ours can have.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ImageKind {
    /// Published by the program's own project.
    Upstream,
    /// Built from Debian's packages.
    Debian,
}

/// Who shares a network can talk; nobody else can.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Network {
    /// Leads outside: for what publishes ports.
    Edge,
    /// The services among themselves and with the edge.
    App,
    /// The stores, and who reads and writes them.
    Data,
}

/// A container's settings with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Confinement {
    /// User and group.
    pub(crate) user: u32,
    pub(crate) networks: BTreeSet<Network>,
    /// Absolute paths.
    pub(crate) tmpfs: BTreeSet<String>,
    /// The reason for a root that can be written to.
    pub(crate) writable_root: Option<String>,
    /// Name → reason.
    pub(crate) capabilities: BTreeMap<String, String>,
    pub(crate) memory: ByteSize,
    /// Thousandths of a processor; none is no bound.
    pub(crate) cpu: Option<u32>,
    /// Processes and threads.
    pub(crate) pids: u32,
}

/// Above every number that the distribution gives to an account of its own.
pub(crate) const USER: u32 = 10_001;
const MEMORY: ByteSize = ByteSize(128 << 20);
const PIDS: u32 = 256;
pub(crate) const TEMPORARY: &str = "/tmp";

impl Component {
    /// The networks that it is in, by its own word or by what it does.
    pub(crate) fn networks(&self) -> BTreeSet<Network> {
        self.container.networks.clone().unwrap_or_else(|| {
            let data = self.database.is_some().then_some(Network::Data);
            let open = !self.published.is_empty() || !self.local_ports.is_empty();
            let edge = open.then_some(Network::Edge);
            [Network::App].into_iter().chain(data).chain(edge).collect()
        })
    }
}

impl Environment {
    /// The binary of ours, or the program from elsewhere with its image, that a component or job runs.
    pub(crate) fn origin_of(&self, unit: &Name) -> Option<Program<'_>> {
        let (binary, host, image) = match self.unit(unit)? {
            Unit::Component(component) => (
                component.binary.as_ref(),
                component.host.as_ref(),
                component.image.as_ref(),
            ),
            Unit::Job(job) => {
                let of = job.of.as_ref().and_then(|of| self.stack.components.get(of));
                (
                    job.binary.as_ref().or_else(|| of?.binary.as_ref()),
                    job.host.as_ref().or_else(|| of?.host.as_ref()),
                    job.image.as_ref().or_else(|| of?.image.as_ref()),
                )
            }
        };
        match (binary, host) {
            (Some(binary), _) => Some(Program::Own(binary)),
            (None, Some(host)) => Some(Program::Foreign { host, image }),
            (None, None) => None,
        }
    }

    /// How a component or job is shut in when it runs from an image of this kind (`None` for our own).
    pub(crate) fn confinement(&self, unit: &Name, kind: Option<ImageKind>) -> Option<Confinement> {
        let (container, networks, resources) = match self.unit(unit)? {
            Unit::Component(component) => (
                &component.container,
                component.networks(),
                Some(&component.resources),
            ),
            Unit::Job(job) => {
                let of = job.of.as_ref().and_then(|of| self.stack.components.get(of));
                let container = job
                    .container
                    .as_ref()
                    .or_else(|| of.map(|component| &component.container))
                    .unwrap_or(&STRICT);
                let networks = job
                    .container
                    .as_ref()
                    .and_then(|own| own.networks.clone())
                    .or_else(|| of.map(inner_networks))
                    .unwrap_or_else(|| BTreeSet::from([Network::App]));
                (
                    container,
                    networks,
                    of.map(|component| &component.resources),
                )
            }
        };
        let needed = |capability: &&Capability| {
            capability.images.is_none() || kind.is_none() || capability.images == kind
        };
        Some(Confinement {
            user: container.user.unwrap_or(USER),
            networks,
            tmpfs: container
                .tmpfs
                .iter()
                .cloned()
                .chain([TEMPORARY.to_owned()])
                .collect(),
            writable_root: container.writable_root.clone(),
            capabilities: container
                .capabilities
                .iter()
                .filter(needed)
                .map(|capability| (capability.name.clone(), capability.reason.clone()))
                .collect(),
            memory: resources
                .and_then(|resources| resources.memory)
                .unwrap_or(MEMORY),
            cpu: resources.and_then(|resources| resources.cpu.map(|cpu| cpu.0)),
            pids: resources
                .and_then(|resources| resources.pids)
                .unwrap_or(PIDS),
        })
    }
}

static STRICT: Container = Container {
    user: None,
    networks: None,
    tmpfs: Vec::new(),
    writable_root: None,
    capabilities: Vec::new(),
};

/// A job publishes nothing, so it has no business on the edge.
fn inner_networks(component: &Component) -> BTreeSet<Network> {
    let mut networks = component.networks();
    if networks.len() > 1 {
        networks.remove(&Network::Edge);
    }
    networks
}

/// What a component or job runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Program<'a> {
    /// One of our own packages, by its binary.
    Own(&'a Name),
    Foreign {
        host: &'a HostProgram,
        /// None when it cannot run as a container.
        image: Option<&'a ImageSource>,
    },
}

impl Network {
    pub(crate) const ALL: [Self; 3] = [Self::Edge, Self::App, Self::Data];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::App => "app",
            Self::Data => "data",
        }
    }

    /// Whether nothing outside can be reached through it.
    pub(crate) fn is_internal(self) -> bool {
        self != Self::Edge
    }
}

impl FromStr for ImageTag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = super::structure::matches(IMAGE_PATTERN, text);
        match text.rsplit_once(':') {
            Some((repository, tag)) if fits => Ok(Self {
                repository: repository.into(),
                tag: tag.into(),
            }),
            _ => Err(format!(
                "`{text}` is not an image with a tag: expected a name and an exact tag, such as prom/prometheus:v2.53.5"
            )),
        }
    }
}

impl fmt::Display for ImageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl<'de> Deserialize<'de> for ImageTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for ImageTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ImageTag {
    fn schema_name() -> Cow<'static, str> {
        "ImageTag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": IMAGE_PATTERN,
            "description": "A name and an exact tag: postgres:15.14-bookworm, prom/prometheus:v2.53.5.",
        })
    }
}
