//! Runs a program to its end, as a child of this process: it is killed when we end before it does.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    LaunchError,
    ending::{self, OutOfMemoryKills},
    launch::{Launch, Launched, launch},
    lines::{LogLine, Stream},
    log_writer::LogWriter,
    logs,
    output::Output,
    procfs::{self, Family},
    protocol::{Account, StartCause},
};

const TAIL: usize = 20;

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct JobSpec {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    /// The whole environment: nothing is inherited.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) working_directory: PathBuf,
    /// The account to become (only when we run as root).
    pub(crate) run_as: Option<Account>,
    pub(crate) timeout: Duration,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobOutcome {
    pub(crate) end: JobEnd,
    pub(crate) took: Duration,
    /// The last lines that it wrote, oldest first; empty when it succeeded.
    pub(crate) log_tail: Vec<LogLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobEnd {
    Succeeded,
    /// How it ended, in words, such as `exited with code 1`.
    Failed(String),
    /// It was killed, with all that it had started.
    TimedOut,
}

/// Runs the job and keeps what it writes in `log` (`…/<name>.log`), in the format of [`super::lines`].
pub(crate) async fn run_job(spec: &JobSpec, log: &Path) -> Result<JobOutcome, LaunchError> {
    let other = |message: String| LaunchError::new(StartCause::Other, message);
    let (folder, name) = log
        .parent()
        .zip(log.file_stem())
        .ok_or_else(|| other(format!("{} is no log file", log.display())))?;
    std::fs::create_dir_all(folder)
        .map_err(|error| other(format!("cannot create {}: {error}", folder.display())))?;
    let logs = LogWriter::start(folder.to_owned())
        .map_err(|error| other(format!("cannot start the log writer: {error}")))?;
    let name: Arc<str> = Arc::from(name.to_string_lossy());
    let start = Instant::now();
    let say = async |text: String| logs.line(&name, Stream::Supervisor, text).await;

    let kills = OutOfMemoryKills::read();
    let mut launched = match launch(&spec.launch()).await {
        Ok(launched) => launched,
        Err(error) => {
            say(format!("could not be started: {error}")).await;
            logs.flush().await;
            return Err(error);
        }
    };
    say(started(launched.pid)).await;
    let mut output = Output::of(&mut launched, &name, &logs);
    let end = match tokio::time::timeout(spec.timeout, launched.wait()).await {
        Ok(Ok(status)) => judge(status, kills),
        Ok(Err(error)) => JobEnd::Failed(format!("ended; how is not known: {error}")),
        Err(_) => {
            kill(&mut launched).await;
            JobEnd::TimedOut
        }
    };
    output.last_words().await;
    say(match &end {
        JobEnd::Succeeded => "succeeded".into(),
        JobEnd::Failed(how) => how.clone(),
        JobEnd::TimedOut => format!("killed: not done after {:?}", spec.timeout),
    })
    .await;
    logs.flush().await;
    let log_tail = if end == JobEnd::Succeeded {
        Vec::new()
    } else {
        tail(log, launched.pid)
    };
    Ok(JobOutcome {
        end,
        took: start.elapsed(),
        log_tail,
    })
}

impl JobSpec {
    fn launch(&self) -> Launch {
        Launch {
            program: self.program.clone(),
            args: self.args.clone(),
            env: self.env.clone(),
            working_directory: self.working_directory.clone(),
            account: self
                .run_as
                .clone()
                .filter(|_| rustix::process::geteuid().is_root()),
        }
    }
}

fn judge(status: ExitStatus, kills: OutOfMemoryKills) -> JobEnd {
    if status.success() {
        JobEnd::Succeeded
    } else {
        JobEnd::Failed(ending::in_words(status, kills))
    }
}

/// With everything that it has started, also what has left its process group.
async fn kill(launched: &mut Launched) {
    let family = Family::read().descendants(launched.pid);
    procfs::kill_group(launched.pid);
    procfs::kill_all(&family);
    // Only a process in the kernel's hands, such as one waiting for a broken disk, takes its time.
    let _ = tokio::time::timeout(Duration::from_secs(5), launched.wait()).await;
}

/// What it wrote itself, without an earlier run's.
fn tail(log: &Path, pid: u32) -> Vec<LogLine> {
    // Two of these lines are our own.
    let mut written = logs::last(log, TAIL + 2).unwrap_or_default();
    let own = |line: &LogLine| line.stream == Stream::Supervisor;
    if let Some(begin) = written
        .iter()
        .rposition(|line| own(line) && line.text == started(pid))
    {
        written.drain(..=begin);
    }
    written.retain(|line| !own(line));
    written
}

fn started(pid: u32) -> String {
    format!("started with pid {pid}")
}

#[cfg(test)]
mod tests;
