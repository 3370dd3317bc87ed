//! Failure cards: which component is the root of a failure, what kind of failure it is, who waits on it, and one
//! thing to try.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;

/// A failure as people and programs see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Failure {
    /// The root: never a component that only waits for it.
    pub(crate) component: String,
    pub(crate) kind: Kind,
    /// What happened, in one sentence.
    pub(crate) detail: String,
    /// What now cannot start.
    pub(crate) victims: Vec<String>,
    /// A command or an edit to try.
    pub(crate) hint: String,
    /// Its last lines, oldest first.
    pub(crate) log_tail: Vec<String>,
}

/// What kind of failure it is. Documented in `docs/toolkit.md`; words are only added, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The stack or an overlay is not valid.
    ModelInvalid,
    /// A program refuses the file that was rendered for it.
    ConfigRejected,
    /// A program or package is not installed.
    PackageMissing,
    /// A package could not be installed.
    InstallFailed,
    /// Our own packages do not compile.
    BuildFailed,
    PortTaken,
    /// A folder or file cannot be written or read.
    NotWritable,
    DiskFull,
    WrongArchitecture,
    /// The program could not be executed.
    NotExecutable,
    /// It ends again and again.
    CrashLoop,
    /// It runs, and its health check does not pass in time.
    Unhealthy,
    OutOfMemory,
    BadCredentials,
    JobFailed,
    JobTimedOut,
    /// The database refuses a change of its tables.
    MigrationFailed,
    /// It cannot be reached by something that needs it.
    DependencyUnreachable,
    /// A file of the project that the model names is not there.
    SourceMissing,
    /// A certificate is past its last day.
    CertificateExpired,
    /// Another run is under way.
    LockHeld,
    /// The world has moved since the plan was made.
    StalePlan,
    /// The Docker Engine does not answer, or does not do what it was asked.
    Engine,
    /// An image cannot be had.
    ImageMissing,
    /// A container, network or volume of somebody else's has the name that ours would have.
    NameTaken,
    /// The environment runs on another runtime.
    OtherRuntime,
    /// The background supervisor cannot be started or does not answer.
    Supervisor,
    Interrupted,
}

impl Kind {
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::LockHeld => Exit::Locked,
            Self::Unhealthy | Self::JobTimedOut => Exit::TimedOut,
            Self::CrashLoop
            | Self::OutOfMemory
            | Self::BadCredentials
            | Self::JobFailed
            | Self::MigrationFailed
            | Self::DependencyUnreachable
            | Self::Supervisor => Exit::Failed,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Preflight,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = serde_json::to_value(self).ok();
        f.write_str(
            word.as_ref()
                .and_then(serde_json::Value::as_str)
                .unwrap_or("failure"),
        )
    }
}

impl Failure {
    pub(crate) fn new(
        component: impl Into<String>,
        kind: Kind,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            component: component.into(),
            kind,
            detail: detail.into(),
            victims: Vec::new(),
            hint: hint.into(),
            log_tail: Vec::new(),
        }
    }

    pub(crate) fn with_log_tail(mut self, lines: Vec<String>) -> Self {
        self.log_tail = lines;
        self
    }

    pub(crate) fn with_victims(mut self, victims: Vec<String>) -> Self {
        self.victims = victims;
        self
    }
}

/// The card for people: what, why, who waits, what to try.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "✗ {} · {}", self.component, self.kind)?;
        for line in self.detail.lines() {
            writeln!(f, "  {line}")?;
        }
        if !self.log_tail.is_empty() {
            writeln!(f, "  last lines:")?;
            for line in &self.log_tail {
                writeln!(f, "  │ {line}")?;
            }
        }
        if !self.victims.is_empty() {
            writeln!(f, "  now waiting: {}", self.victims.join(", "))?;
        }
        write!(f, "  hint: {}", self.hint)
    }
}

impl std::error::Error for Failure {}

/// What every command returns: several failures can be found in one go.
#[derive(Debug)]
pub(crate) struct Failures(pub(crate) Vec<Failure>);

impl From<Failure> for Failures {
    fn from(failure: Failure) -> Self {
        Self(vec![failure])
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Kind::DiskFull,
            _ => Kind::NotWritable,
        };
        let hint = match kind {
            Kind::DiskFull => "df -h .   (free some space, then run the same command again)",
            _ => "cargo xtask doctor",
        };
        Self::new("machine", kind, error.to_string(), hint)
    }
}

/// Adds to an I/O error what was being done to which path.
pub(crate) trait IoContext<T> {
    fn doing(self, what: &str, path: &std::path::Path) -> Result<T, Failure>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn doing(self, what: &str, path: &std::path::Path) -> Result<T, Failure> {
        self.map_err(|error| {
            let mut failure = Failure::from(error);
            failure.detail = format!("could not {what} {}: {}", path.display(), failure.detail);
            failure
        })
    }
}
