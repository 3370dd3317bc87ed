//! When a container started, when it ended, and how.

use bollard::models::ContainerStateStatusEnum;
use chrono::{DateTime, Utc};

use super::Seen;

/// The exit code of what SIGKILL has ended.
pub(crate) const KILLED: i64 = 128 + 9;

impl Seen {
    /// When it started, or ended.
    pub(crate) fn since(&self) -> Option<DateTime<Utc>> {
        let state = self.container.state.as_ref()?;
        let moment = match self.state() {
            ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::PAUSED => {
                &state.started_at
            }
            _ => &state.finished_at,
        };
        moment.as_deref()?.parse().ok()
    }

    /// When it started the last time.
    pub(crate) fn began(&self) -> Option<DateTime<Utc>> {
        let state = self.container.state.as_ref()?;
        state.started_at.as_deref()?.parse().ok()
    }

    /// Whether the kernel ended it for lack of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let state = self.container.state.as_ref();
        state.and_then(|state| state.oom_killed) == Some(true)
    }

    /// Whether its end was SIGKILL, whoever sent it.
    pub(crate) fn was_killed(&self) -> bool {
        let state = self.container.state.as_ref();
        state.and_then(|state| state.exit_code) == Some(KILLED)
    }

    pub(crate) fn out_of_memory(&self) -> String {
        format!("out of memory (limit {} MiB)", self.memory_limit() >> 20)
    }

    /// How it ended, in words.
    pub(crate) fn ending(&self) -> String {
        let Some(state) = &self.container.state else {
            return "how is not known".to_owned();
        };
        let code = state.exit_code.unwrap_or_default();
        let error = state.error.as_deref().unwrap_or_default();
        if self.ran_out_of_memory() {
            return self.out_of_memory();
        }
        match (code, error) {
            (_, error) if !error.is_empty() => error.to_owned(),
            (128.., _) => format!("ended by signal {} (exit code {code})", code - 128),
            _ => format!("exited with code {code}"),
        }
    }

    fn memory_limit(&self) -> i64 {
        let host = self.container.host_config.as_ref();
        host.and_then(|host| host.memory).unwrap_or_default()
    }
}
