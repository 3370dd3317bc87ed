//! Opens both ports, and drains when it is told to stop.

use std::{future::Future, io, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{Config, faults::Faults, http, smtp, store::Store};

/// How long dialogues may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let store = Arc::new(Store::open(
        &config.root,
        usize::try_from(config.max_messages)?,
    )?);
    let faults = Arc::new(Faults::default());
    let stop = stop_signal()?;
    let smtp_listener = TcpListener::bind(config.smtp_listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {} (MAILBOX_SMTP_LISTEN)",
                config.smtp_listen
            )
        })?;
    let http_listener = TcpListener::bind(config.http_listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {} (MAILBOX_HTTP_LISTEN)",
                config.http_listen
            )
        })?;
    info!(smtp = %smtp_listener.local_addr()?, http = %http_listener.local_addr()?, root = %config.root.display(), mails = store.len(), "listening");

    let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
    let shared = Arc::new(smtp::Shared {
        store: Arc::clone(&store),
        faults: Arc::clone(&faults),
        limits: smtp::Limits {
            message_bytes: usize::try_from(config.max_message_bytes)?,
            recipients: usize::try_from(config.max_recipients)?,
        },
        timeout: config.smtp_timeout(),
        connections: Arc::new(Semaphore::new(usize::try_from(config.max_connections)?)),
    });
    tasks.spawn(smtp::listen(
        smtp_listener,
        shared,
        tasks.clone(),
        stopping.clone(),
    ));
    let router = http::router(http::Mailbox {
        store,
        faults,
        stopping: stopping.clone(),
    })?;
    let stopped = stopping.clone().cancelled_owned();
    tasks.spawn(async move {
        axum::serve(http_listener, router)
            .with_graceful_shutdown(stopped)
            .await
    });

    stop.await;
    info!("stopping");
    stopping.cancel();
    tasks.close();
    if timeout(DRAIN, tasks.wait()).await.is_err() {
        warn!(
            seconds = DRAIN.as_secs(),
            "some connections did not end in time and are cut off"
        );
    }
    Ok(())
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
