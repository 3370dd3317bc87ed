//! Connections: bytes to and from the session, mails to the store, and the faults that somebody asked for.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, info};

use super::{
    reply::Reply,
    session::{Action, Envelope, Limits, Session, Stage},
};
use crate::{
    faults::{self, Faults},
    store::{Received, Store},
};

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) limits: Limits,
    pub(crate) timeout: Duration,
    pub(crate) connections: Arc<Semaphore>,
}

struct Connection {
    shared: Arc<Shared>,
    socket: TcpStream,
    peer: SocketAddr,
}

/// How the dialogue goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    /// It goes on, but the client was told no where the session said yes.
    Refused,
    Close,
}

/// Accepts connections until it is told to stop.
pub(crate) async fn listen(
    listener: TcpListener,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        match accepted {
            Ok((socket, peer)) => {
                let connection = Connection {
                    shared: Arc::clone(&shared),
                    socket,
                    peer,
                };
                let stopping = stopping.clone();
                tasks.spawn(async move {
                    if let Err(cause) = connection.serve(stopping).await {
                        debug!(%peer, %cause, "the connection ended");
                    }
                });
            }
            Err(cause) => {
                // Most likely out of file descriptors: give the open connections a moment to end.
                error!(%cause, "cannot accept a connection");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Connection {
    async fn serve(mut self, stopping: CancellationToken) -> io::Result<()> {
        let connections = Arc::clone(&self.shared.connections);
        let Ok(_place) = connections.try_acquire() else {
            return self
                .say(&Reply::new(
                    421,
                    "4.3.2 Too many connections, try again later",
                ))
                .await;
        };
        self.socket.set_nodelay(true)?;
        if self
            .answer_at(
                faults::Stage::Connect,
                Reply::new(220, "mailbox ESMTP: keeps every mail, delivers none"),
            )
            .await?
            == Next::Close
        {
            return Ok(());
        }
        let mut session = Session::new(self.shared.limits);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match session.next() {
                Action::Read => {
                    let read = tokio::select! {
                        read = timeout(self.shared.timeout, self.socket.read(&mut buffer)) => read,
                        () = stopping.cancelled() => return self.say(&Reply::new(421, "4.3.2 The mailbox is stopping")).await,
                    };
                    match read {
                        Err(_) => {
                            return self
                                .say(&Reply::new(
                                    421,
                                    "4.4.2 Nothing was heard for too long, closing the connection",
                                ))
                                .await;
                        }
                        Ok(read) => match read? {
                            0 => return Ok(()),
                            read => session.receive(&buffer[..read]),
                        },
                    }
                }
                action => {
                    let stage = if let Action::ReplyAt(stage, _) = &action {
                        Some(*stage)
                    } else {
                        None
                    };
                    match (self.act(action).await?, stage) {
                        (Next::Close, _) => return Ok(()),
                        (Next::Refused, Some(stage)) => session.take_back(stage),
                        _ => {}
                    }
                }
            }
        }
    }

    async fn act(&mut self, action: Action) -> io::Result<Next> {
        match action {
            Action::Read => Ok(Next::GoOn),
            Action::Reply(reply) => self.say(&reply).await.map(|()| Next::GoOn),
            Action::ReplyAt(stage, reply) => self.answer_at(stage.into(), reply).await,
            Action::Keep(envelope, content) => self.keep(envelope, content).await,
            Action::ReplyAndClose(reply) => {
                self.say(&reply).await?;
                self.socket.shutdown().await?;
                Ok(Next::Close)
            }
        }
    }

    async fn keep(&mut self, envelope: Envelope, content: Vec<u8>) -> io::Result<Next> {
        if let Some(refusal) = self.fault(faults::Stage::Message).await {
            return self.refuse(refusal).await;
        }
        let (recipients, bytes) = (envelope.recipients.len(), content.len());
        let received = Received {
            envelope,
            client: self.peer.ip(),
            content,
        };
        let reply = match self.shared.store.keep(received).await {
            Ok(id) => {
                info!(%id, recipients, bytes, "mail kept");
                if self.fault(faults::Stage::Acknowledgement).await.is_some() {
                    // The client cannot know that its mail is safe, and will send it again.
                    return Ok(Next::Close);
                }
                Session::kept(&id.to_string())
            }
            Err(cause) => {
                error!(%cause, "a mail could not be kept");
                match cause.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        Reply::new(452, "4.3.1 The mailbox's disk is full, try again later")
                    }
                    _ => Reply::new(
                        451,
                        "4.3.0 The mailbox could not write the mail, try again later",
                    ),
                }
            }
        };
        self.say(&reply).await.map(|()| Next::GoOn)
    }

    /// Answers, unless a fault is asked for here.
    async fn answer_at(&mut self, stage: faults::Stage, reply: Reply) -> io::Result<Next> {
        if reply.code() < 400
            && let Some(refusal) = self.fault(stage).await
        {
            return self.refuse(refusal).await;
        }
        self.say(&reply).await.map(|()| Next::GoOn)
    }

    async fn refuse(&mut self, code: u16) -> io::Result<Next> {
        let class = code / 100;
        self.say(&Reply::new(
            code,
            format!("{class}.3.0 Refused on request (PUT /api/v1/faults)"),
        ))
        .await?;
        // 421 says that the server closes the connection.
        Ok(if code == 421 {
            Next::Close
        } else {
            Next::Refused
        })
    }

    /// Waits as long as the fault says; the code with which it refuses, if it does.
    async fn fault(&self, stage: faults::Stage) -> Option<u16> {
        let fault = self.shared.faults.take(stage)?;
        sleep(fault.delay).await;
        fault.reject
    }

    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        let text = reply.to_string();
        timeout(self.shared.timeout, self.socket.write_all(text.as_bytes()))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map(drop)
    }
}

impl From<Stage> for faults::Stage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Mail => Self::Mail,
            Stage::Recipient => Self::Recipient,
        }
    }
}
