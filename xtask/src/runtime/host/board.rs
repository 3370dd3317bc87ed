//! What is known of every process, and who wants to hear of changes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::broadcast;

use super::protocol::ProcessStatus;

/// Changes that a slow listener may be behind; beyond that it gets the whole status anew.
const BACKLOG: usize = 256;

#[derive(Debug, Clone)]
pub(super) enum Change {
    Changed(Box<ProcessStatus>),
    Removed(String),
}

pub(super) struct Board {
    statuses: Mutex<BTreeMap<String, ProcessStatus>>,
    changes: broadcast::Sender<Change>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            statuses: Mutex::default(),
            changes: broadcast::Sender::new(BACKLOG),
        }
    }

    /// Puts up a status; `loudly` tells the listeners too.
    pub(super) fn put(&self, status: &ProcessStatus, loudly: bool) {
        let mut statuses = self.statuses();
        // The memory is only read when somebody asks for it: keep what was read last.
        let memory_bytes = status.pid.and(
            statuses
                .get(&status.name)
                .and_then(|known| known.memory_bytes),
        );
        let status = ProcessStatus {
            memory_bytes,
            ..status.clone()
        };
        statuses.insert(status.name.clone(), status.clone());
        if loudly {
            // Nobody listens most of the time.
            let _ = self.changes.send(Change::Changed(Box::new(status)));
        }
    }

    pub(super) fn remove(&self, name: &str) {
        if self.statuses().remove(name).is_some() {
            let _ = self.changes.send(Change::Removed(name.to_owned()));
        }
    }

    pub(super) fn remember_memory(&self, name: &str, pid: u32, bytes: Option<u64>) {
        if let Some(status) = self
            .statuses()
            .get_mut(name)
            .filter(|status| status.pid == Some(pid))
        {
            status.memory_bytes = bytes;
        }
    }

    pub(super) fn all(&self) -> Vec<ProcessStatus> {
        self.statuses().values().cloned().collect()
    }

    /// Everything as it is now, and every change after that.
    pub(super) fn listen(&self) -> (Vec<ProcessStatus>, broadcast::Receiver<Change>) {
        let statuses = self.statuses();
        (
            statuses.values().cloned().collect(),
            self.changes.subscribe(),
        )
    }

    fn statuses(&self) -> MutexGuard<'_, BTreeMap<String, ProcessStatus>> {
        // A status is replaced as a whole: a panic elsewhere leaves nothing half done.
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
