//! The server's connections. They are served here and not by the framework because an answer may have to be held back, or
//! its connection closed without it.

use std::{convert::Infallible, fmt, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response};
use chassis::Process;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long requests may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a client may take to send its headers, and a connection may wait for its next request: longer than the pools of
/// HTTP clients keep one.
const HEADER_TIMEOUT: Duration = Duration::from_mins(2);

/// What becomes of an answer on its way to the client.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fate {
    /// It waits for so long.
    pub(crate) hold: Duration,
    /// The connection is closed instead.
    pub(crate) dropped: bool,
}

/// Why a connection ends without an answer.
#[derive(Debug)]
struct AnswerDropped;

impl fmt::Display for AnswerDropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the answer is dropped on request")
    }
}

impl std::error::Error for AnswerDropped {}

/// Serves until the process is asked to end, then answers what is in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    process: &Process,
) -> anyhow::Result<()> {
    tracing::info!(service = process.service, address = %listener.local_addr()?, "listening");
    let tasks = TaskTracker::new();
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => start(socket, &router, &connections, &tasks),
                Err(error) => {
                    // Most likely out of file descriptors: give the open connections a moment to end.
                    tracing::error!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            () = process.shutdown.cancelled() => break,
        }
    }
    drop(listener);
    if timeout(DRAIN, connections.shutdown()).await.is_err() {
        tracing::warn!(
            timeout_s = DRAIN.as_secs(),
            "requests were still open at the end"
        );
    }
    Ok(())
}

fn start(socket: TcpStream, router: &Router, connections: &GracefulShutdown, tasks: &TaskTracker) {
    // Answers are small; waiting to fill a packet helps nobody.
    let _ = socket.set_nodelay(true);
    let router = router.clone();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(
            TokioIo::new(socket),
            service_fn(move |request| answer(router.clone(), request)),
        );
    let connection = connections.watch(connection);
    tasks.spawn(async move {
        // A client that goes away, or whose answer is dropped, is no event of ours: its request has been logged.
        let _ = connection.await;
    });
}

async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
) -> Result<Response, AnswerDropped> {
    let request: Request = request.map(Body::new);
    let mut response = router
        .oneshot(request)
        .await
        .unwrap_or_else(|never: Infallible| match never {});
    let fate = response
        .extensions_mut()
        .remove::<Fate>()
        .unwrap_or_default();
    if !fate.hold.is_zero() {
        sleep(fate.hold).await;
    }
    if fate.dropped {
        Err(AnswerDropped)
    } else {
        Ok(response)
    }
}
