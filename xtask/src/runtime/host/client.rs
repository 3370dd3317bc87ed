//! How the toolkit's commands talk to the background supervisor, and start it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use futures::{SinkExt as _, Stream, StreamExt as _};
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::{
    launch, lines, logs,
    protocol::{PROTOCOL_VERSION, ProcessSpec, ProcessStatus, Reply, Request, StartCause},
    record::{self, Record},
    rotate, server,
};
use crate::{model::Signal, paths::Paths};

/// From its start to its first answer.
const START: Duration = Duration::from_secs(5);
/// From its last answer to its end, with the guard's.
const END: Duration = Duration::from_secs(35);
const POLL: Duration = Duration::from_millis(5);
const TAIL: usize = 20;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The supervisor says no.
    #[error("{message}")]
    Refused {
        message: String,
        cause: Option<StartCause>,
    },
    #[error(
        "the running supervisor (pid {pid}) is of another version of the toolkit (protocol {theirs}, ours is {PROTOCOL_VERSION})"
    )]
    OtherVersion { pid: u32, theirs: u32 },
    #[error("the supervisor (pid {0}) does not answer within {START:?}")]
    Silent(u32),
    /// It was killed, or ended, before it had answered.
    #[error("the supervisor has ended before it answered")]
    Gone,
    #[error("the supervisor does not start: {reason}")]
    NotStarted {
        reason: String,
        /// The last lines of its log.
        log_tail: Vec<String>,
    },
    #[error("the supervisor's answer is not understood: {0}")]
    NotUnderstood(String),
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

impl Error {
    /// What to type.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OtherVersion { .. } | Self::NotUnderstood(_) => {
                Some("cargo xtask down && cargo xtask up")
            }
            Self::Gone => Some("cargo xtask up"),
            Self::Silent(_) => {
                Some("end it with kill -9: what it runs ends with it; then cargo xtask up")
            }
            Self::Refused { .. } | Self::NotStarted { .. } | Self::Io { .. } => None,
        }
    }

    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}

/// News from the supervisor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Update {
    /// Everything there is. First of all, and again when changes came too fast for us.
    All(Vec<ProcessStatus>),
    Changed(Box<ProcessStatus>),
    /// It was stopped and forgotten.
    Removed(String),
}

/// A supervisor that answers. Each request has a connection of its own, so they may be made at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    paths: Paths,
}

impl Supervisor {
    /// `None` when none runs; a socket that one has left behind does not count.
    pub(crate) async fn connect(paths: &Paths) -> Result<Option<Self>, Error> {
        match Self::connect_to_any_version(paths).await? {
            Some((_, theirs, pid)) if theirs != PROTOCOL_VERSION => {
                Err(Error::OtherVersion { pid, theirs })
            }
            Some((supervisor, ..)) => Ok(Some(supervisor)),
            None => Ok(None),
        }
    }

    /// For `down`: ending is understood by every version.
    pub(crate) async fn connect_to_end(paths: &Paths) -> Result<Option<Self>, Error> {
        Ok(Self::connect_to_any_version(paths)
            .await?
            .map(|(supervisor, ..)| supervisor))
    }

    async fn connect_to_any_version(paths: &Paths) -> Result<Option<(Self, u32, u32)>, Error> {
        let mut connection = match Connection::open(paths) {
            Ok(connection) => connection,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(error) => {
                return Err(Error::io(format!(
                    "cannot reach the supervisor at {}",
                    paths.socket().display()
                ))(error));
            }
        };
        let Ok(answer) = tokio::time::timeout(START, connection.ask(&Request::Hello)).await else {
            return Err(Error::Silent(
                Record::read(paths).map_or(0, |record| record.identity.pid),
            ));
        };
        match answer {
            Ok(Reply::Hello { protocol, pid }) => Ok(Some((
                Self {
                    paths: paths.clone(),
                },
                protocol,
                pid,
            ))),
            Ok(Reply::Failed { message, cause }) => Err(Error::Refused { message, cause }),
            Ok(other) => Err(not_understood(&other)),
            // It ends just now.
            Err(Error::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts the supervisor in the background and waits until it answers. Connects to the running one if there is one.
    pub(crate) async fn spawn_and_connect(paths: &Paths, environment: &str) -> Result<Self, Error> {
        let begun = super::clock::now();
        let mut guard = start_guard(paths, environment)?;
        let deadline = Instant::now() + START;
        loop {
            if let Some(supervisor) = Self::connect(paths).await? {
                if Record::read(paths).is_some_and(|record| record.guard_pid != guard.id()) {
                    // Somebody else's was first: ours must not be waiting when that one ends.
                    let _ = guard.kill().and_then(|()| guard.wait());
                }
                return Ok(supervisor);
            }
            let mut ended = guard
                .try_wait()
                .map_err(Error::io("cannot wait for the supervisor"))?;
            if record::is_locked(paths).map_err(Error::io("cannot look at the lock"))? {
                // Ours may have gone because somebody else's was first: then that one is waited for.
                ended = None;
            }
            let reason = match ended {
                Some(status) => format!("it has ended ({status})"),
                None if Instant::now() >= deadline => {
                    format!("it does not answer within {START:?}")
                }
                None => {
                    tokio::time::sleep(POLL).await;
                    continue;
                }
            };
            let written =
                logs::read(paths, "supervisor", logs::Selection::Last(TAIL)).unwrap_or_default();
            let log_tail = written
                .into_iter()
                .filter(|line| line.at >= begun - Duration::from_millis(1))
                .map(|line| line.text)
                .collect();
            return Err(Error::NotStarted { reason, log_tail });
        }
    }

    /// Returns once it is spawned. One that runs under its name is stopped first.
    pub(crate) async fn start(&self, process: ProcessSpec) -> Result<(), Error> {
        self.order(&Request::Start {
            process: Box::new(process),
        })
        .await
    }

    /// Returns once it has ended.
    pub(crate) async fn stop(&self, name: &str) -> Result<(), Error> {
        self.order(&Request::Stop {
            name: name.to_owned(),
        })
        .await
    }

    pub(crate) async fn signal(&self, name: &str, signal: Signal) -> Result<(), Error> {
        self.order(&Request::Signal {
            name: name.to_owned(),
            signal,
        })
        .await
    }

    pub(crate) async fn applied(
        &self,
        name: &str,
        inputs: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        self.order(&Request::Applied {
            name: name.to_owned(),
            inputs,
        })
        .await
    }

    pub(crate) async fn status(&self) -> Result<Vec<ProcessStatus>, Error> {
        match self.ask(&Request::Status).await? {
            Reply::Status { processes } => Ok(processes),
            other => Err(not_understood(&other)),
        }
    }

    /// Everything now, then every change. Ends with the supervisor, with `Error::Gone` if that was killed.
    pub(crate) async fn watch(
        &self,
    ) -> Result<impl Stream<Item = Result<Update, Error>> + Send + Unpin + use<>, Error> {
        let mut connection = self.open()?;
        connection.send(&Request::Watch).await?;
        let stream = futures::stream::unfold(Some(connection), |connection| async move {
            let mut connection = connection?;
            match connection.receive().await {
                Ok(reply) => match into_update(reply) {
                    Ok(update) => Some((Ok(update), Some(connection))),
                    Err(error) => Some((Err(error), None)),
                },
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(Box::pin(stream))
    }

    /// Ends every process, in this order and then the last started first, and the supervisor. Returns when neither it
    /// nor its guard is there any more.
    pub(crate) async fn shutdown(&self, order: Vec<Vec<String>>) -> Result<(), Error> {
        self.order(&Request::Shutdown { order }).await?;
        let deadline = Instant::now() + END;
        while record::is_locked(&self.paths)
            .map_err(Error::io("cannot look at the supervisor's lock"))?
        {
            if Instant::now() >= deadline {
                return Err(Error::Io {
                    what: "the supervisor has said goodbye".into(),
                    source: io::Error::other("and is still there"),
                });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn order(&self, request: &Request) -> Result<(), Error> {
        match self.ask(request).await? {
            Reply::Done => Ok(()),
            Reply::Failed { message, cause } => Err(Error::Refused { message, cause }),
            other => Err(not_understood(&other)),
        }
    }

    async fn ask(&self, request: &Request) -> Result<Reply, Error> {
        self.open()?.ask(request).await
    }

    fn open(&self) -> Result<Connection, Error> {
        Connection::open(&self.paths).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Error::Gone,
            _ => Error::io("cannot reach the supervisor")(error),
        })
    }
}

struct Connection(Framed<UnixStream, LinesCodec>);

impl Connection {
    fn open(paths: &Paths) -> io::Result<Self> {
        let stream = server::connect(&paths.socket())?;
        Ok(Self(Framed::new(
            stream,
            LinesCodec::new_with_max_length(server::LONGEST_LINE),
        )))
    }

    async fn ask(&mut self, request: &Request) -> Result<Reply, Error> {
        self.send(request).await?;
        self.receive().await
    }

    async fn send(&mut self, request: &Request) -> Result<(), Error> {
        let line = serde_json::to_string(request)
            .map_err(|error| Error::NotUnderstood(error.to_string()))?;
        // It may have ended just now; what it still said is for `receive` to read.
        match self.0.send(line).await {
            Err(LinesCodecError::Io(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("cannot ask the supervisor")(error))
            }
            _ => Ok(()),
        }
    }

    async fn receive(&mut self) -> Result<Reply, Error> {
        match self.0.next().await {
            Some(Ok(line)) => {
                serde_json::from_str(&line).map_err(|error| Error::NotUnderstood(error.to_string()))
            }
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                Err(Error::NotUnderstood("it is too long".into()))
            }
            Some(Err(LinesCodecError::Io(error)))
                if error.kind() != io::ErrorKind::ConnectionReset =>
            {
                Err(Error::io("cannot hear the supervisor")(error))
            }
            Some(Err(LinesCodecError::Io(_))) | None => Err(Error::Gone),
        }
    }
}

fn into_update(reply: Reply) -> Result<Update, Error> {
    match reply {
        Reply::Status { processes } => Ok(Update::All(processes)),
        Reply::Changed { process } => Ok(Update::Changed(Box::new(process))),
        Reply::Removed { name } => Ok(Update::Removed(name)),
        other => Err(not_understood(&other)),
    }
}

fn not_understood(reply: &Reply) -> Error {
    Error::NotUnderstood(format!("{reply:?}"))
}

/// The same binary as this one, in the background, with nothing of ours but its log.
fn start_guard(paths: &Paths, environment: &str) -> Result<std::process::Child, Error> {
    let log = open_log(paths).map_err(Error::io("cannot open the supervisor's log"))?;
    let errors = log
        .try_clone()
        .map_err(Error::io("cannot open the supervisor's log"))?;
    let home = std::path::absolute(&paths.home)
        .map_err(Error::io("cannot tell where the environment lives"))?;
    Command::new(launch::own_program())
        .arg0("xtask")
        .args(["__guard", "--environment", environment, "--home"])
        .arg(home)
        .env_clear()
        .env("RUST_BACKTRACE", "1")
        // So that it keeps no folder from being removed or unmounted.
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(Error::io("cannot start the supervisor"))
}

/// It is rotated here, at a start, where nobody has it open.
fn open_log(paths: &Paths) -> io::Result<File> {
    let path: PathBuf = paths.log("supervisor");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::metadata(&path).is_ok_and(|log| log.len() > rotate::LIMIT) {
        rotate::shift(&path)?;
    }
    let log = File::options().create(true).append(true).open(&path)?;
    if log.metadata()?.len() > 0 && !lines::ends_a_line(&path)? {
        io::Write::write_all(&mut &log, b"\n")?;
    }
    Ok(log)
}

#[cfg(test)]
mod tests;
