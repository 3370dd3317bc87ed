//! Listens, serves, sweeps, and drains when it is told to stop.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration, time::SystemTime};

use anyhow::Context;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use s3s::{auth::SecretKey, service::S3ServiceBuilder};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    Config,
    access::{Access, Key},
    connection::Connection,
    lifecycle,
    s3::ObjectStore,
    store::Store,
};

/// How long requests may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a client may take to send its headers, and a connection may wait for its next request: longer than the pools of
/// HTTP clients keep one.
const HEADER_TIMEOUT: Duration = Duration::from_mins(2);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let secret_key = SecretKey::from(config.secret_key()?);
    let store = Arc::new(Store::open(&config.root)?);
    let mut builder = S3ServiceBuilder::new(ObjectStore(Arc::clone(&store)));
    builder.set_auth(Key {
        access_key: config.access_key.clone(),
        secret_key,
    });
    builder.set_access(Access(Arc::clone(&store)));
    let connection = Connection {
        s3: builder.build(),
        store: Arc::clone(&store),
    };

    let stop = stop_signal()?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {} (OBJECT_STORE_LISTEN)", config.listen))?;
    info!(address = %listener.local_addr()?, root = %config.root.display(), buckets = store.buckets().len(), "listening");

    let tasks = TaskTracker::new();
    let stopping = CancellationToken::new();
    tasks.spawn(sweep_regularly(
        store,
        config.sweep_interval(),
        stopping.clone(),
    ));
    let connections = accept(listener, connection, &tasks, stop).await;

    info!(connections = connections.count(), "stopping");
    stopping.cancel();
    tasks.close();
    if timeout(DRAIN, async {
        tokio::join!(connections.shutdown(), tasks.wait())
    })
    .await
    .is_err()
    {
        warn!(
            seconds = DRAIN.as_secs(),
            "some requests did not end in time and are cut off"
        );
    }
    Ok(())
}

async fn accept(
    listener: TcpListener,
    connection: Connection,
    tasks: &TaskTracker,
    stop: impl Future<Output = ()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(cause) => {
                    // Most likely out of file descriptors: give the open connections a moment to end.
                    error!(error = %cause, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => return connections,
        };
        // Answers are small or in large pieces; waiting to fill a packet helps neither.
        let _ = socket.set_nodelay(true);
        let connection = connection.clone();
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(
                TokioIo::new(socket),
                service_fn(move |request| {
                    let connection = connection.clone();
                    async move { connection.answer(request).await }
                }),
            );
        let serving = connections.watch(serving);
        tasks.spawn(async move {
            // A client that goes away mid-request is no event of ours: its request has been logged.
            let _ = serving.await;
        });
    }
}

async fn sweep_regularly(store: Arc<Store>, every: Duration, stopping: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        let store = Arc::clone(&store);
        if let Err(cause) =
            tokio::task::spawn_blocking(move || lifecycle::sweep(&store, SystemTime::now())).await
        {
            error!(error = %cause, "the sweep failed");
        }
    }
}

fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
