//! `run/supervisor.json` and `run/supervisor.lock`: who supervises, and how the last one ended.
//!
//! The lock says whether one runs: the kernel lets go of it however its holder ends. The record says who it is, and is
//! removed on a clean end: one without a lock means that the supervisor was killed.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{clock, procfs::Identity};
use crate::paths::Paths;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) identity: Identity,
    /// The process that watches over the supervisor.
    pub(super) guard_pid: u32,
    pub(super) protocol: u32,
    pub(super) environment: String,
    pub(super) started_at: DateTime<Utc>,
    /// Written by the guard when the supervisor did not end as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) death: Option<Death>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Death {
    pub(super) at: DateTime<Utc>,
    /// In words.
    pub(super) how: String,
}

/// How the last supervisor of an environment fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LastRun {
    /// One runs, with this process id.
    Running(u32),
    /// It was stopped in order, or there never was one.
    StoppedCleanly,
    /// It was killed, or the machine went down.
    Died {
        pid: u32,
        /// When it died; when it was started, if nobody saw it die.
        since: DateTime<Utc>,
        /// Such as `killed by signal 9 (SIGKILL)`; unknown when nobody saw it die.
        how: Option<String>,
    },
}

impl Record {
    pub(super) fn path(paths: &Paths) -> PathBuf {
        paths.run().join("supervisor.json")
    }

    pub(super) fn read(paths: &Paths) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::path(paths)).ok()?).ok()
    }

    /// In one step, so that no reader sees half of it.
    pub(super) fn write(&self, paths: &Paths) -> io::Result<()> {
        let (path, new) = (Self::path(paths), paths.run().join("supervisor.json.new"));
        fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        fs::rename(new, path)
    }

    pub(super) fn remove(paths: &Paths) {
        // Gone already is as good.
        let _ = fs::remove_file(Self::path(paths));
    }

    /// Notes an unclean end.
    pub(super) fn note_death(paths: &Paths, pid: u32, how: String) -> io::Result<()> {
        match Self::read(paths) {
            Some(mut record) if record.identity.pid == pid => {
                record.death = Some(Death {
                    at: clock::now(),
                    how,
                });
                record.write(paths)
            }
            // It died before it had written anything, or somebody removed it.
            _ => Ok(()),
        }
    }
}

fn lock_path(paths: &Paths) -> PathBuf {
    paths.run().join("supervisor.lock")
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Takes the lock, or gives `None` when a supervisor has it.
pub(super) fn take_lock(paths: &Paths) -> io::Result<Option<File>> {
    let lock = open_lock(&lock_path(paths))?;
    // Whoever only looks holds it for a moment too, and a guard may still be clearing up after a supervisor that died.
    let clearing_up = Record::read(paths).is_some_and(|record| !record.identity.is_alive());
    let patience = Duration::from_millis(if clearing_up { 3000 } else { 300 });
    let deadline = Instant::now() + patience;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether a supervisor, or the guard that clears up after one, is there.
pub(super) fn is_locked(paths: &Paths) -> io::Result<bool> {
    let lock = match File::open(lock_path(paths)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

pub(crate) fn last_run(paths: &Paths) -> io::Result<LastRun> {
    let locked = is_locked(paths)?;
    let Some(record) = Record::read(paths) else {
        return Ok(LastRun::StoppedCleanly);
    };
    let pid = record.identity.pid;
    if locked && record.death.is_none() && record.identity.is_alive() {
        return Ok(LastRun::Running(pid));
    }
    let (since, how) = record.death.map_or((record.started_at, None), |death| {
        (death.at, Some(death.how))
    });
    Ok(LastRun::Died { pid, since, how })
}
