//! `xtask __guard`: the supervisor's parent, which sees to it that nothing outlives the supervisor.
//!
//! The kernel kills a component when the supervisor dies (parent-death signal), but not what the component itself has
//! started. The guard is the kernel's heir of all of them (child subreaper): when the supervisor ends, in whatever way,
//! every process that came from it and still lives becomes a child of the guard, which kills it. Process groups and
//! sessions do not matter for that, so nothing can slip away. It keeps the lock until it is done.

use std::{
    fs::{self, File},
    io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, ExitCode, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::{
    fs::Mode,
    io::Errno,
    process::{Pid, WaitOptions},
};

use super::{
    ending::{self, OutOfMemoryKills},
    journal,
    procfs::{self, Family},
    record::{self, Record},
};
use crate::paths::Paths;

/// After this we let go of what cannot be killed, such as a process that waits for a broken disk.
const SWEEP: Duration = Duration::from_secs(30);

/// Until the supervisor has ended and nothing of it is left.
pub(super) fn run(paths: &Paths, environment: &str) -> anyhow::Result<ExitCode> {
    let (run, logs) = (paths.run(), paths.home.join("logs"));
    for folder in [&run, &logs] {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let Some(lock) =
        record::take_lock(paths).with_context(|| format!("cannot lock in {}", run.display()))?
    else {
        let who = Record::read(paths).map_or_else(
            || "another one".to_owned(),
            |record| format!("pid {}", record.identity.pid),
        );
        anyhow::bail!("environment {environment} is supervised already, by {who}");
    };
    // It leads a session already when it was started with `setsid`.
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("cannot become the heir of orphans")?;
    rustix::thread::set_name(c"argosy-guard").context("cannot name itself")?;
    let supervisor =
        start_supervisor(paths, environment, &lock).context("cannot start the supervisor")?;
    let kills = OutOfMemoryKills::read();
    let status = wait_for(supervisor)?;
    if !status.success() {
        let how = ending::in_words(status, kills);
        journal::note(&format!(
            "the supervisor (pid {}) did not end in order: {how}; killing what is left of it",
            raw(supervisor)
        ));
        if let Err(error) = Record::note_death(paths, raw(supervisor), how) {
            journal::note(&format!("cannot note how the supervisor ended: {error}"));
        }
    }
    let swept = sweep();
    if status.success() {
        if swept > 0 {
            journal::note(&format!(
                "killed {swept} processes that had outlived their components"
            ));
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Nobody answers there any more.
    let _ = fs::remove_file(paths.socket());
    Ok(ExitCode::FAILURE)
}

/// The lock goes along as the supervisor's standard input: it is held until both have ended.
fn start_supervisor(paths: &Paths, environment: &str, lock: &File) -> io::Result<Pid> {
    let child = Command::new("/proc/self/exe")
        .arg0("xtask")
        .args([
            "__supervise",
            "--environment",
            environment,
            "--guard",
            &std::process::id().to_string(),
            "--home",
        ])
        .arg(&paths.home)
        .stdin(Stdio::from(lock.try_clone()?))
        .spawn()?;
    Ok(Pid::from_child(&child))
}

/// Buries orphans of the supervisor's processes on the way.
fn wait_for(supervisor: Pid) -> io::Result<ExitStatus> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == supervisor => {
                return Ok(ExitStatus::from_raw(status.as_raw()));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Kills every descendant, and those that they start meanwhile. Returns how many there were.
fn sweep() -> usize {
    let start = Instant::now();
    let mut killed = 0;
    while start.elapsed() < SWEEP {
        let left = Family::read().descendants(std::process::id());
        procfs::kill_all(&left);
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => killed += 1,
                Ok(None) => break,
                // Nobody left.
                Err(_) => return killed,
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    journal::note("some processes cannot be killed: they are left behind");
    killed
}

fn raw(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
