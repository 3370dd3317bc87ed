//! Starts a program through the shim, and waits until it runs or it is known why not.
//!
//! The kernel sends a child its parent-death signal when the *thread* that made it ends. All children are therefore
//! made on one thread that lives as long as this process, whatever becomes of the runtime's threads.

use std::{
    collections::BTreeMap,
    io,
    os::unix::net::UnixStream as StdUnixStream,
    path::PathBuf,
    process::Stdio,
    sync::{OnceLock, mpsc},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    process::{Child, ChildStderr, ChildStdout, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::{
    procfs,
    protocol::{Account, StartCause},
};

/// From the order to the running program. The machine would have to be very busy indeed.
const DEADLINE: Duration = Duration::from_secs(10);

/// What to run, and as whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    /// The whole environment.
    pub(super) env: BTreeMap<String, String>,
    pub(super) working_directory: PathBuf,
    pub(super) account: Option<Account>,
}

#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub(crate) struct LaunchError {
    pub(crate) cause: StartCause,
    /// In words.
    pub(crate) message: String,
}

/// A program that runs. Its whole process group is killed when this value goes before the program has ended.
pub(super) struct Launched {
    child: Child,
    pub(super) pid: u32,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

impl LaunchError {
    pub(super) fn new(cause: StartCause, message: String) -> Self {
        Self { cause, message }
    }
}

impl Launched {
    /// Waits for its end. What is left of its process group is killed then, so that neither ports nor pipes stay open.
    pub(super) async fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        let status = self.child.wait().await?;
        procfs::kill_group(self.pid);
        Ok(status)
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        // `id` is gone once the child was waited for: its number may mean somebody else by now.
        if self.child.id().is_some() {
            procfs::kill_group(self.pid);
        }
    }
}

pub(super) async fn launch(launch: &Launch) -> Result<Launched, LaunchError> {
    let other = |what: &str, error: &dyn std::fmt::Display| {
        LaunchError::new(StartCause::Other, format!("{what}: {error}"))
    };
    let (mut ours, theirs) =
        socket_pair().map_err(|error| other("cannot make a socket", &error))?;
    let mut command = shim();
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
    let mut child = spawn_on_lasting_thread(command)
        .await
        .map_err(|error| other("cannot start a process", &error))?;
    let pid = child
        .id()
        .ok_or_else(|| other("cannot start a process", &"it ended at once"))?;
    let launched = Launched {
        stdout: child.stdout.take(),
        stderr: child.stderr.take(),
        child,
        pid,
    };
    match tokio::time::timeout(DEADLINE, hand_over(launch, &mut ours)).await {
        Ok(Ok(None)) => Ok(launched),
        Ok(Ok(Some(error))) => Err(error),
        Ok(Err(error)) => Err(other("the new process cannot be told what to run", &error)),
        Err(_) => Err(other(
            "the new process does not run its program",
            &format!("still not after {DEADLINE:?}"),
        )),
    }
}

fn socket_pair() -> io::Result<(UnixStream, StdUnixStream)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs))
}

/// The same binary as this one, also when the file was replaced since this process was started.
fn shim() -> Command {
    let mut command = Command::new(own_program());
    command
        .arg0("xtask")
        .arg("__exec")
        .arg(std::process::id().to_string());
    command
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What this process runs, whatever has become of its file.
#[cfg(not(test))]
pub(super) fn own_program() -> PathBuf {
    "/proc/self/exe".into()
}

/// The test's own binary has no hidden subcommands in it.
#[cfg(test)]
pub(super) fn own_program() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a binary");
    let built = test
        .parent()
        .and_then(|deps| deps.parent())
        .map(|target| target.join("xtask"));
    built
        .filter(|path| path.exists())
        .expect("`cargo test --package xtask` builds the toolkit too")
}

async fn hand_over(launch: &Launch, socket: &mut UnixStream) -> io::Result<Option<LaunchError>> {
    let mut order = serde_json::to_vec(launch)?;
    order.push(b'\n');
    socket.write_all(&order).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    if answer.is_empty() {
        Ok(None)
    } else {
        Ok(Some(serde_json::from_slice(&answer)?))
    }
}

struct Birth {
    command: Command,
    runtime: Handle,
    born: oneshot::Sender<io::Result<Child>>,
}

async fn spawn_on_lasting_thread(command: Command) -> io::Result<Child> {
    static BIRTHS: OnceLock<mpsc::Sender<Birth>> = OnceLock::new();
    let births = BIRTHS.get_or_init(|| {
        let (births, queue) = mpsc::channel();
        // Without a thread there is no queue either, and the order below fails.
        let _ = std::thread::Builder::new()
            .name("births".into())
            .spawn(move || give_birth(&queue));
        births
    });
    let gone = || io::Error::other("the thread that starts processes is gone");
    let (born, birth) = oneshot::channel();
    births
        .send(Birth {
            command,
            runtime: Handle::current(),
            born,
        })
        .map_err(|_| gone())?;
    birth.await.map_err(|_| gone())?
}

fn give_birth(queue: &mpsc::Receiver<Birth>) {
    for Birth {
        mut command,
        runtime,
        born,
    } in queue
    {
        let _entered = runtime.enter();
        // When nobody waits any more, dropping the child kills it.
        let _ = born.send(command.spawn());
    }
}
