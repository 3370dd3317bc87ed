//! The life of one process: runtime, logs, metrics, the signal that ends it, and the exit code that it leaves.
//!
//! A service's `main` is a call of [`run`]; everything that every service does the same way happens here.

use std::{fmt, future::Future, process::ExitCode};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::LogConfig, metrics::Metrics, telemetry};

/// Threads that run requests. Two are enough for what one service is given, and each costs memory when idle.
const WORKER_THREADS: usize = 2;
/// Threads for what blocks (name look-ups, files, pictures).
const BLOCKING_THREADS: usize = 8;

/// What a process has exactly one of.
#[derive(Clone)]
pub struct Process {
    /// The service's name: its package, database, stream prefix and log field.
    pub service: &'static str,
    /// Every metric of the process.
    pub metrics: Metrics,
    /// Cancelled when the process has been asked to end.
    pub shutdown: CancellationToken,
}

impl Process {
    /// A process that nobody has asked to end yet.
    pub fn new(service: &'static str) -> Self {
        Self {
            service,
            metrics: Metrics::new(service),
            shutdown: CancellationToken::new(),
        }
    }
}

/// Runs `body` to its end: sets up logs and runtime, cancels [`Process::shutdown`] on SIGTERM or SIGINT, and logs an
/// error with its whole chain, once.
pub fn run<Body, Running, Error>(service: &'static str, log: &LogConfig, body: Body) -> ExitCode
where
    Body: FnOnce(Process) -> Running,
    Running: Future<Output = Result<(), Error>>,
    Error: Into<anyhow::Error>,
{
    let process = Process::new(service);
    telemetry::install(service, log, &process.metrics);
    let outcome = runtime().map_err(anyhow::Error::from).and_then(|runtime| {
        let outcome = runtime.block_on(until_signalled(process, body));
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %Chain(&error), "{service} ends: {error}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
}

async fn until_signalled<Body, Running, Error>(process: Process, body: Body) -> anyhow::Result<()>
where
    Body: FnOnce(Process) -> Running,
    Running: Future<Output = Result<(), Error>>,
    Error: Into<anyhow::Error>,
{
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = process.shutdown.clone();
    let signals = TaskTracker::new();
    let listener = signals.spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "asked to end, draining");
        shutdown.cancel();
    });
    let outcome = body(process).await.map_err(Into::into);
    listener.abort();
    outcome
}

/// An error with everything that caused it, on one line.
pub struct Chain<'a>(pub &'a anyhow::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:#}", self.0)
    }
}
