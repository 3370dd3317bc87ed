//! What a command has to say, as data. `--json` prints these, one a line; the views for people are made from the same
//! values, so that nothing can be seen by one and not by the other. Their schema is `docs/toolkit-events.schema.json`.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    plan::{Step, StepKind},
};

/// A line of `--json`: the event with the time at which it was told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Line {
    #[serde(flatten)]
    pub(crate) event: Event,
    /// RFC 3339, milliseconds, UTC.
    pub(crate) at: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// `status`: one for each component.
    Component(ComponentStatus),
    /// `plan`, and `up` before it begins: one for each thing to do.
    Step(Step),
    /// `up` and `down`: where one component or job has got to.
    Progress(Progress),
    /// `probe`: one for each hop of a journey.
    Hop(Hop),
    /// `doctor`: one for each thing looked at.
    Check(DoctorCheck),
    /// `tidy`: one for each broken convention.
    Finding(Finding),
    /// `test`: one for each step, as it ends.
    TestStep(TestStep),
    /// `bench`: one for each thing measured.
    Measurement(Measurement),
    /// `events list`: one for each durable consumer on the broker.
    Consumer(ConsumerStatus),
    /// `events dead-letters list`: one for each.
    DeadLetter(DeadLetter),
    /// `verify`: one for each invariant.
    Invariant(Invariant),
    /// `conformance`: one for each hop and each invariant.
    Conformity(Conformity),
    /// `audit --live`: one for each rule and container.
    LiveCheck(LiveCheck),
    /// `images build`: one for each component and job.
    Image(ImageInUse),
    /// `logs`.
    Log(LogLine),
    /// `up`: where people can go now.
    Url {
        name: String,
        url: String,
    },
    /// Something worth knowing that is no failure.
    Note {
        message: String,
    },
    Failure(Failure),
    /// The last line of every command.
    Result {
        ok: bool,
        exit: u8,
        took_ms: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ComponentStatus {
    pub(crate) component: String,
    /// `host` or `docker`.
    pub(crate) runtime: String,
    /// `running`, `backing-off`, `crash-loop`, `stopping` or `stopped`; of a container also `paused`.
    pub(crate) state: String,
    /// `starting`, `healthy`, `unhealthy`, or `unknown` for what does not run.
    pub(crate) health: String,
    /// Of a process.
    pub(crate) pid: Option<u32>,
    /// Of a container: its name.
    pub(crate) container: Option<String>,
    /// Of a container: the name of its image, which says what it was made from.
    pub(crate) image: Option<String>,
    /// Of a container: the digest of its image, `sha256:…`.
    pub(crate) image_digest: Option<String>,
    /// Starts beyond the first since `up` last started it.
    pub(crate) restarts: u32,
    /// RFC 3339: since when it is in this state.
    pub(crate) since: Option<String>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) ports: BTreeMap<String, u16>,
    /// Digest of everything it was started from.
    pub(crate) digest: Option<String>,
    /// The last answer of its health check, or why it ended.
    pub(crate) detail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Progress {
    /// The component or job.
    pub(crate) component: String,
    pub(crate) phase: Phase,
    /// The dependencies that are not there yet.
    pub(crate) waits_on: Vec<String>,
    /// Since this component's own work began; absent while it waits.
    pub(crate) took_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    Waiting,
    Preparing,
    Starting,
    Reloading,
    Running,
    Stopping,
    Healthy,
    Completed,
    Unchanged,
    Stopped,
    Failed,
    /// Not begun, because something that it needs has failed.
    Skipped,
}

impl Phase {
    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Healthy
                | Self::Completed
                | Self::Unchanged
                | Self::Stopped
                | Self::Failed
                | Self::Skipped
        )
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Hop {
    pub(crate) journey: String,
    #[expect(
        clippy::struct_field_names,
        reason = "the field's name is part of the documented interface"
    )]
    pub(crate) hop: String,
    pub(crate) ok: bool,
    pub(crate) took_ms: u64,
    pub(crate) detail: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DoctorCheck {
    pub(crate) check: String,
    pub(crate) ok: bool,
    pub(crate) detail: String,
    /// The one command that mends it.
    pub(crate) fix: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Finding {
    /// Path from the project's root.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// The convention's name.
    pub(crate) convention: String,
    pub(crate) what: String,
    /// Why it is a convention.
    pub(crate) why: String,
    /// What to do.
    pub(crate) remedy: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TestStep {
    pub(crate) step: String,
    pub(crate) verdict: TestVerdict,
    pub(crate) took_ms: u64,
    /// What it found.
    pub(crate) detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TestVerdict {
    Passed,
    Failed,
    /// Something that it needs is not there.
    NotRun,
}

/// A number of `bench`, beside what it is compared with in the same run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Measurement {
    /// What was measured, such as `list, direct` or `up, nothing to do`.
    pub(crate) what: String,
    /// Under which condition, such as `100000 products`; empty where there is only one.
    pub(crate) condition: String,
    /// What the number is: `p50`, `p95`, `p99`, `ratio`, `value` or `per second`.
    pub(crate) statistic: String,
    pub(crate) value: f64,
    /// `ms`, `MiB` or `kB`; empty for a ratio or a rating.
    pub(crate) unit: String,
    /// The goal or the limit, where there is one.
    pub(crate) goal: Option<f64>,
}

/// A durable consumer as the broker and its service's database know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ConsumerStatus {
    pub(crate) stream: String,
    pub(crate) consumer: String,
    pub(crate) subject: String,
    /// Messages that it has not been given yet.
    pub(crate) pending: u64,
    /// Messages that it has been given and has not answered for.
    pub(crate) unanswered: usize,
    /// Messages that it has put aside.
    pub(crate) dead_letters: usize,
}

/// A message that could not be handled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DeadLetter {
    pub(crate) service: String,
    /// Unique within the service.
    pub(crate) id: i64,
    pub(crate) consumer: String,
    /// Absent when the message could not be read that far.
    pub(crate) event_id: Option<String>,
    pub(crate) subject: String,
    pub(crate) reason: String,
    pub(crate) deliveries: i64,
    /// RFC 3339.
    pub(crate) failed_at: String,
    /// Whether it is being handled again.
    pub(crate) replay_requested: bool,
}

/// What must be true of all databases, the broker and the provider together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Invariant {
    /// Its id in `docs/invariants.md`.
    #[expect(
        clippy::struct_field_names,
        reason = "the field's name is part of the documented interface"
    )]
    pub(crate) invariant: String,
    pub(crate) holds: bool,
    /// What was looked at, or the first things that break it.
    pub(crate) detail: String,
}

/// Whether one thing is the same on every runtime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Conformity {
    /// The journey, or `invariants`.
    pub(crate) suite: String,
    /// The hop, or the invariant.
    pub(crate) name: String,
    /// By runtime: what went wrong there; null where it is well.
    pub(crate) runtimes: BTreeMap<String, Option<String>>,
}

/// What a component or job runs from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ImageInUse {
    pub(crate) component: String,
    /// Its name, which says what it was made from.
    pub(crate) reference: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) id: String,
    /// Why this one.
    pub(crate) why: String,
}

/// How one container is shut in, by one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LiveCheck {
    /// The component or job.
    pub(crate) component: String,
    /// Such as `read-only root` or `published ports`.
    pub(crate) rule: String,
    pub(crate) ok: bool,
    /// What was found.
    pub(crate) detail: String,
    /// Why the model allows it all the same.
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LogLine {
    pub(crate) component: String,
    /// `stdout` or `stderr`.
    pub(crate) stream: String,
    pub(crate) text: String,
    /// RFC 3339: when the component wrote it.
    pub(crate) logged_at: String,
}

impl Line {
    pub(crate) fn new(event: Event, at: DateTime<Utc>) -> Self {
        Self {
            event,
            at: timestamp(at),
        }
    }
}

pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl StepKind {
    /// The word for people and for `--json`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Update => "update",
            Self::Connect => "connect",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Replace => "replace",
            Self::Create => "create",
            Self::Remove => "remove",
            Self::RunJob => "run-job",
        }
    }
}
