//! The unix socket: reads requests, one JSON object a line, and answers them.

use std::{
    fs::{self, File},
    io,
    os::{fd::AsRawFd as _, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::broadcast::error::RecvError,
    task::JoinSet,
};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::{
    board::Change,
    journal,
    launch::LaunchError,
    protocol::{PROTOCOL_VERSION, Reply, Request},
    supervisor::Supervisor,
};

/// The longest request or reply, in bytes.
pub(super) const LONGEST_LINE: usize = 4 << 20;
/// What a socket's address has room for, with the zero byte at its end.
const LONGEST_PATH: usize = 108;

type Client = Framed<UnixStream, LinesCodec>;

/// Removes what an earlier supervisor has left: the lock says that it is gone.
pub(super) fn bind(socket: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    with_short_path(socket, |path| UnixListener::bind(path))
}

pub(super) fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = with_short_path(socket, std::os::unix::net::UnixStream::connect)?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// A socket's address has room for a short path only. A longer one is reached through its folder's file descriptor,
/// which the kernel offers as a path, so that the socket is where it belongs however deep the project lies.
fn with_short_path<T>(socket: &Path, act: impl Fn(PathBuf) -> io::Result<T>) -> io::Result<T> {
    let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} is no path for a socket", socket.display()),
        ));
    };
    if socket.as_os_str().as_bytes().len() < LONGEST_PATH {
        return act(socket.to_owned());
    }
    let folder = File::open(folder)?;
    act(PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name))
}

/// Serves until nothing runs any more: who asks while everything is being ended gets an answer too.
pub(super) async fn serve(listener: UnixListener, supervisor: Arc<Supervisor>) {
    let mut clients = JoinSet::new();
    let ended = supervisor.ended().clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    clients.spawn(talk(stream, supervisor.clone()));
                }
                Err(error) => {
                    journal::note(&format!("cannot accept a connection: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = clients.join_next() => {}
            () = ended.cancelled() => break,
        }
    }
    drop(listener);
    while clients.join_next().await.is_some() {}
}

async fn talk(stream: UnixStream, supervisor: Arc<Supervisor>) {
    let mut client = Framed::new(stream, LinesCodec::new_with_max_length(LONGEST_LINE));
    while let Some(line) = next_line(&mut client, &supervisor).await {
        let failed = |message| Reply::Failed {
            message,
            cause: None,
        };
        let reply = match line {
            Ok(line) => match serde_json::from_str::<Request>(&line) {
                Ok(Request::Watch) => return watch(client, &supervisor).await,
                Ok(request) => answer(request, &supervisor).await,
                Err(error) => failed(format!("not a request: {error}")),
            },
            Err(LinesCodecError::MaxLineLengthExceeded) => {
                failed(format!("not a request: more than {LONGEST_LINE} bytes"))
            }
            Err(LinesCodecError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                failed(format!("not a request: {error}"))
            }
            Err(LinesCodecError::Io(_)) => return,
        };
        if send(&mut client, &reply).await.is_err() {
            return;
        }
    }
}

/// `None` when the client has hung up, or when it has nothing to say and nothing runs any more.
async fn next_line(
    client: &mut Client,
    supervisor: &Supervisor,
) -> Option<Result<String, LinesCodecError>> {
    tokio::select! {
        biased;
        line = client.next() => line,
        () = supervisor.ended().cancelled() => None,
    }
}

async fn answer(request: Request, supervisor: &Supervisor) -> Reply {
    let or_failed = |result: Result<(), String>| match result {
        Ok(()) => Reply::Done,
        Err(message) => Reply::Failed {
            message,
            cause: None,
        },
    };
    match request {
        Request::Hello => Reply::Hello {
            protocol: PROTOCOL_VERSION,
            pid: std::process::id(),
        },
        Request::Start { process } => match supervisor.start(*process).await {
            Ok(()) => Reply::Done,
            Err(LaunchError { cause, message }) => Reply::Failed {
                message,
                cause: Some(cause),
            },
        },
        Request::Stop { name } => {
            supervisor.stop(&name).await;
            Reply::Done
        }
        Request::Signal { name, signal } => or_failed(supervisor.signal(&name, signal).await),
        Request::Applied { name, inputs } => or_failed(supervisor.applied(&name, inputs).await),
        // `Watch` is answered by the connection itself; what it says first is the same.
        Request::Status | Request::Watch => {
            supervisor.weigh().await;
            Reply::Status {
                processes: supervisor.board.all(),
            }
        }
        Request::Shutdown { order } => {
            supervisor.request_shutdown(order).await;
            Reply::Done
        }
    }
}

/// Tells of every change until the client hangs up or there is nothing more to tell.
async fn watch(mut client: Client, supervisor: &Supervisor) {
    supervisor.weigh().await;
    let (processes, mut changes) = supervisor.board.listen();
    let mut reply = Reply::Status { processes };
    loop {
        if send(&mut client, &reply).await.is_err() {
            return;
        }
        reply = tokio::select! {
            biased;
            change = changes.recv() => match change {
                Ok(Change::Changed(process)) => Reply::Changed { process: *process },
                Ok(Change::Removed(name)) => Reply::Removed { name },
                // It was too slow: start over with all that is known.
                Err(RecvError::Lagged(_)) => Reply::Status { processes: supervisor.board.all() },
                Err(RecvError::Closed) => return,
            },
            () = supervisor.ended().cancelled() => return,
            // A watcher has nothing more to say; what it says is its goodbye.
            _ = client.next() => return,
        };
    }
}

async fn send(client: &mut Client, reply: &Reply) -> io::Result<()> {
    let line = serde_json::to_string(reply)?;
    client.send(line).await.map_err(io::Error::other)
}
