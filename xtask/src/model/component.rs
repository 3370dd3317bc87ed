//! Components and jobs: what runs, from what, with which files, and after what.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ByteSize, Name, Span,
    container::{Container, ImageSource},
    scalar::Cpu,
};

/// A program that keeps running.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    /// What it is for, in a few words without a full stop.
    pub(crate) summary: String,
    /// One of our own packages: the name of its binary. Exactly one of `binary` and `host` is given.
    pub(crate) binary: Option<Name>,
    /// A program from the distribution.
    pub(crate) host: Option<HostProgram>,
    /// Where the image of a program that is not ours comes from, for the runtimes that need one.
    pub(crate) image: Option<ImageSource>,
    /// How it is shut in as a container.
    #[serde(default)]
    pub(crate) container: Container,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Configuration files, rendered before the start.
    #[serde(default)]
    pub(crate) files: Vec<FileSpec>,
    /// Port name → number, before the environment's offset.
    #[serde(default)]
    pub(crate) ports: BTreeMap<Name, u16>,
    /// The ports that people and other machines may reach; all others are bound to the loopback address.
    #[serde(default)]
    pub(crate) published: Vec<Name>,
    /// Further ports that people on this machine may open: containers publish them on the loopback address.
    #[serde(default)]
    pub(crate) local_ports: Vec<Name>,
    /// Whether it keeps data.
    #[serde(default)]
    pub(crate) volume: bool,
    /// The database that it owns: made with a login role of the same name.
    pub(crate) database: Option<Name>,
    /// The secrets whose files it may read.
    #[serde(default)]
    pub(crate) secrets: Vec<Name>,
    pub(crate) health: Health,
    /// Where Prometheus reads its metrics.
    pub(crate) metrics: Option<HttpTarget>,
    /// How long it may take to become healthy.
    #[serde(default = "default_start_timeout")]
    pub(crate) start_timeout: Span,
    #[serde(default)]
    pub(crate) stop: Stop,
    /// How it takes a changed file without a restart.
    pub(crate) reload: Option<Reload>,
    #[serde(default)]
    pub(crate) depends_on: BTreeMap<Name, Condition>,
    #[serde(default)]
    pub(crate) resources: Resources,
    /// Whether the shop is down without it; else it is merely poorer or blind.
    #[serde(default = "yes")]
    pub(crate) essential: bool,
    /// Left out of an environment when false.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

/// A program that runs once and must succeed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    pub(crate) summary: String,
    /// Takes over this component's binary, environment, files and secrets. Exactly one of `of`, `binary` and `host`.
    pub(crate) of: Option<Name>,
    pub(crate) binary: Option<Name>,
    pub(crate) host: Option<HostProgram>,
    /// As a component's.
    pub(crate) image: Option<ImageSource>,
    /// As a component's; that of the component when it is `of` one and says nothing itself.
    pub(crate) container: Option<Container>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) files: Vec<FileSpec>,
    #[serde(default)]
    pub(crate) secrets: Vec<Name>,
    /// Files and folders of the project whose content makes the job run again.
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    #[serde(default)]
    pub(crate) depends_on: BTreeMap<Name, Condition>,
    /// The environments in which it runs; empty means all.
    #[serde(default)]
    pub(crate) only_in: Vec<Name>,
    /// How long it may take.
    pub(crate) timeout: Span,
}

impl Job {
    pub(crate) fn runs_in(&self, environment: &Name) -> bool {
        self.only_in.is_empty() || self.only_in.contains(environment)
    }
}

/// A program from the distribution, run as a plain process.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostProgram {
    /// Debian packages that bring it.
    #[serde(default)]
    pub(crate) packages: Vec<String>,
    /// The program's name, looked up on PATH, in `/usr/sbin` and in `search`.
    pub(crate) program: String,
    /// Further folders, with `*` for any one name; the greatest match counts.
    #[serde(default)]
    pub(crate) search: Vec<String>,
    /// The account to use when the toolkit itself runs as root.
    pub(crate) run_as: Option<String>,
    /// What must exist in the data directory before the first start.
    pub(crate) prepare: Option<Prepare>,
}

/// Makes a directory under the component's data once; a half-made one is thrown away.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prepare {
    /// The directory's name. The command sees the path to fill as `creates`; on success it is renamed into place.
    pub(crate) creates: Name,
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
}

/// A configuration file: a template of the project, rendered to `<config>/<target>`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileSpec {
    /// Path of the template from the project's root.
    pub(crate) template: String,
    /// Path of the file under the component's configuration directory.
    pub(crate) target: String,
    /// The program that says whether the file is good; sees the candidate as `file`.
    pub(crate) check: Option<Check>,
    #[serde(default)]
    pub(crate) on_change: OnChange,
}

/// A command line, the program first.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Check(pub(crate) Vec<String>);

/// What a changed file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnChange {
    /// The component's `reload` where it has one, else a restart.
    #[default]
    Reload,
    Restart,
}

/// How one knows that a component can do its work.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Health {
    /// A GET that answers with 2xx.
    Http(HttpTarget),
    /// A connection is accepted on this port.
    Tcp(Name),
    /// `PostgreSQL`'s protocol: the server asks for authentication (it is not still starting up).
    Postgres(Name),
    /// NATS' protocol: INFO, then a PONG for our PING.
    Nats(Name),
    /// An S3 server answers a request on `/` in S3's manner, refusals included.
    S3(Name),
}

impl Health {
    /// As it is written in the file.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Postgres(_) => "postgres",
            Self::Nats(_) => "nats",
            Self::S3(_) => "s3",
        }
    }

    /// Of `http` alone.
    pub(crate) fn path(&self) -> Option<&str> {
        if let Self::Http(target) = self {
            Some(&target.path)
        } else {
            None
        }
    }

    /// The name of the port that it asks.
    pub(crate) fn port(&self) -> &Name {
        match self {
            Self::Http(target) => &target.port,
            Self::Tcp(port) | Self::Postgres(port) | Self::Nats(port) | Self::S3(port) => port,
        }
    }
}

/// A path on one of the component's own ports.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTarget {
    pub(crate) port: Name,
    pub(crate) path: String,
}

/// How a component takes changed files while it runs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Reload {
    Signal(Signal),
    /// A POST that answers with 2xx.
    Http(HttpTarget),
    /// A command that exits with 0.
    Command(Check),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Signal {
    Hup,
    Int,
    Kill,
    Quit,
    Term,
    Usr1,
    Usr2,
}

impl Signal {
    /// As signal(7) calls it, and the engine.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hup => "SIGHUP",
            Self::Int => "SIGINT",
            Self::Kill => "SIGKILL",
            Self::Quit => "SIGQUIT",
            Self::Term => "SIGTERM",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
        }
    }
}

/// How it is asked to end, and how long it may take before it is killed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    #[serde(default = "term")]
    pub(crate) signal: Signal,
    #[serde(default = "default_stop_timeout")]
    pub(crate) timeout: Span,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: term(),
            timeout: default_stop_timeout(),
        }
    }
}

/// What a dependency must have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// A component passes its health check.
    Healthy,
    /// A component's process runs.
    Started,
    /// A job has succeeded.
    Completed,
}

/// Upper bounds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resources {
    /// Resident memory. Reported on the host, enforced in containers.
    pub(crate) memory: Option<ByteSize>,
    /// Processor time. Enforced in containers; no bound when left out.
    pub(crate) cpu: Option<Cpu>,
    /// Processes and threads. Enforced in containers; 256 when left out.
    pub(crate) pids: Option<u32>,
}

fn yes() -> bool {
    true
}

fn term() -> Signal {
    Signal::Term
}

fn default_start_timeout() -> Span {
    Span::from_secs(30)
}

fn default_stop_timeout() -> Span {
    Span::from_secs(10)
}
