//! What the toolkit and its background supervisor say to each other over the unix socket: one JSON object a line,
//! a [`Request`] from the toolkit, then one or more [`Reply`] lines.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Signal, Span};

/// Raised whenever a change here would confuse a supervisor left running by an older toolkit.
pub(crate) const PROTOCOL_VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// → `Hello`.
    Hello,
    /// Starts the process, or replaces the running one of that name. → `Done` once it is spawned, or `Failed`.
    Start { process: Box<ProcessSpec> },
    /// Ends it and forgets it. → `Done` when it has ended; also when there is none of that name.
    Stop { name: String },
    /// Sends a signal, and notes the inputs that are now in force. → `Done`, or `Failed` when it does not run.
    Signal { name: String, signal: Signal },
    /// Notes that these inputs are in force after a reload. → `Done`.
    Applied {
        name: String,
        inputs: BTreeMap<String, String>,
    },
    /// → `Status`.
    Status,
    /// → `Status` now and then a `Changed` for each change, until the caller hangs up.
    Watch,
    /// Ends every process, the last started first unless `order` says otherwise, and then the supervisor. → `Done`.
    Shutdown { order: Vec<Vec<String>> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub(crate) enum Reply {
    Hello {
        protocol: u32,
        pid: u32,
    },
    Done,
    Failed {
        message: String,
        /// Why a process could not be started, when that is what failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<StartCause>,
    },
    Status {
        processes: Vec<ProcessStatus>,
    },
    Changed {
        process: ProcessStatus,
    },
    /// It was stopped and forgotten. Only in answer to `Watch`.
    Removed {
        name: String,
    },
}

/// Why a process could not be started at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StartCause {
    ProgramNotFound,
    PermissionDenied,
    WrongArchitecture,
    WorkingDirectoryMissing,
    /// Anything else, such as no more processes or memory.
    Other,
}

/// Everything the supervisor must know to run one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessSpec {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    /// The whole environment: nothing is inherited.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) working_directory: PathBuf,
    /// The account to become (only when the supervisor runs as root).
    pub(crate) run_as: Option<Account>,
    pub(crate) health: HealthCheck,
    pub(crate) start_timeout: Span,
    pub(crate) stop_signal: Signal,
    pub(crate) stop_timeout: Span,
    /// Port name → number, for `status`.
    pub(crate) ports: BTreeMap<String, u16>,
    /// Digest of each input that this process was started from, for the planner.
    pub(crate) inputs: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// [`crate::model::Health`] with the address filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "probe", rename_all = "kebab-case")]
pub(crate) enum HealthCheck {
    Http { address: String, path: String },
    Tcp { address: String },
    Postgres { address: String },
    Nats { address: String },
    S3 { address: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessStatus {
    pub(crate) name: String,
    pub(crate) state: ProcessState,
    pub(crate) health: HealthState,
    /// The last answer of the health check, or why the process ended.
    pub(crate) detail: Option<String>,
    pub(crate) pid: Option<u32>,
    /// Starts beyond the first, since this specification was given.
    pub(crate) restarts: u32,
    /// When the running process was started, or when it ended.
    pub(crate) since: DateTime<Utc>,
    /// When this process became healthy.
    pub(crate) healthy_since: Option<DateTime<Utc>>,
    /// Memory of the process and its descendants: the proportional set size (shared pages are counted once) where
    /// the kernel tells it, else the resident set. As of this reply in `Status`, as of the last one in `Changed`.
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) ports: BTreeMap<String, u16>,
    pub(crate) inputs: BTreeMap<String, String>,
    /// How the last process ended, when one has.
    pub(crate) last_exit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProcessState {
    Running,
    /// Ended by itself and waits for its next start.
    BackingOff,
    /// Ended again and again; still tried, at the longest pause.
    CrashLoop,
    Stopping,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HealthState {
    /// Not healthy yet since this start.
    Starting,
    Healthy,
    /// Was healthy, and the last checks failed.
    Unhealthy,
}
