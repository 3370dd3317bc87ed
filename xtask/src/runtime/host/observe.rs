//! What is: the supervisor's processes with the inputs they were started from, files as they lie on disk, finished
//! jobs, data directories. Reads only.

use std::{collections::BTreeMap, fs, path::Path, time::UNIX_EPOCH};

use chrono::{DateTime, Utc};

use super::protocol::{HealthState, ProcessSpec, ProcessState, ProcessStatus};
use crate::{
    digest,
    paths::Paths,
    plan::{Inputs, Observed, ObservedComponent, ObservedJob, StepKind, Trouble},
};

pub(crate) fn observe(
    paths: &Paths,
    processes: &[ProcessStatus],
    specs: &BTreeMap<String, ProcessSpec>,
    now: DateTime<Utc>,
) -> Observed {
    let component = |status: &ProcessStatus| {
        let observed = ObservedComponent {
            inputs: status.inputs.clone(),
            files: files_on_disk(&paths.config(&status.name), &status.inputs),
            trouble: trouble(status, specs.get(&status.name), now).map(|what| Trouble {
                what,
                step: StepKind::Restart,
            }),
        };
        (status.name.clone(), observed)
    };
    Observed {
        components: processes.iter().map(component).collect(),
        jobs: finished_jobs(&paths.jobs()),
        volumes: volumes(paths),
    }
}

/// Digests of the files that it was started with, as they are now.
fn files_on_disk(config: &Path, inputs: &Inputs) -> Inputs {
    let targets = inputs
        .keys()
        .filter_map(|input| input.strip_prefix("file:"));
    targets
        .map(|target| {
            let digest = fs::read(config.join(target)).map_or_else(|_| "absent".into(), digest::of);
            (format!("file:{target}"), digest)
        })
        .collect()
}

/// Why it should be started again, as the rest of a sentence that begins with "it".
fn trouble(
    status: &ProcessStatus,
    spec: Option<&ProcessSpec>,
    now: DateTime<Utc>,
) -> Option<String> {
    let detail = status
        .detail
        .clone()
        .or_else(|| status.last_exit.clone())
        .unwrap_or_default();
    match (status.state, status.health) {
        (ProcessState::CrashLoop, _) => Some(format!("ends again and again: {detail}")),
        (ProcessState::BackingOff, _) => Some(format!("has ended: {detail}")),
        (ProcessState::Stopping, _) => Some("is being stopped".into()),
        (ProcessState::Running, HealthState::Unhealthy) => Some(format!("is unhealthy: {detail}")),
        (ProcessState::Running, HealthState::Starting) => {
            let allowed = chrono::Duration::from_std(spec?.start_timeout.duration()).ok()?;
            (status.since + allowed < now).then(|| format!("has not become healthy: {detail}"))
        }
        (ProcessState::Running, HealthState::Healthy) => None,
    }
}

pub(crate) fn finished_jobs(folder: &Path) -> BTreeMap<String, ObservedJob> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry
                .file_name()
                .to_str()?
                .strip_suffix(".json")?
                .to_owned();
            Some((
                name,
                serde_json::from_slice(&fs::read(entry.path()).ok()?).ok()?,
            ))
        })
        .collect()
}

/// A data directory's identity: its inode and the time it was made, so that one made anew counts as another.
pub(crate) fn volumes(paths: &Paths) -> BTreeMap<String, String> {
    let entries = fs::read_dir(paths.home.join("data"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.to_owned(),
                volume_identity(&entry.path())?,
            ))
        })
        .collect()
}

fn volume_identity(folder: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = folder.metadata().ok().filter(fs::Metadata::is_dir)?;
    let made = metadata
        .created()
        .ok()
        .and_then(|made| made.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |made| made.as_nanos());
    Some(format!("{}-{made}", metadata.ino()))
}

/// Notes that a job has succeeded, for what, and on which data.
pub(crate) fn note_job(paths: &Paths, name: &str, done: &ObservedJob) -> std::io::Result<()> {
    let path = paths.jobs().join(format!("{name}.json"));
    let partial = path.with_extension("partial");
    fs::write(&partial, serde_json::to_vec(done)?)?;
    fs::rename(partial, path)
}
