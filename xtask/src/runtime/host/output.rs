//! What a program writes, copied into its log.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    task::JoinSet,
};

use super::{
    launch::Launched,
    lines::{Splitter, Stream},
    log_writer::LogWriter,
};

/// How long to read on what an ended process has written; more only comes from a descendant that got away.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a pipe is left to fill before it is read again: who writes line by line is not read line by line.
const PAUSE: Duration = Duration::from_millis(2);

/// Reads both pipes of one process.
pub(super) struct Output {
    readers: JoinSet<()>,
}

impl Output {
    pub(super) fn of(launched: &mut Launched, log: &Arc<str>, logs: &LogWriter) -> Self {
        let mut readers = JoinSet::new();
        if let Some(stdout) = launched.stdout.take() {
            readers.spawn(copy(stdout, Stream::Out, log.clone(), logs.clone()));
        }
        if let Some(stderr) = launched.stderr.take() {
            readers.spawn(copy(stderr, Stream::Err, log.clone(), logs.clone()));
        }
        Self { readers }
    }

    /// Once the process has ended: reads what it has left in the pipes.
    pub(super) async fn last_words(&mut self) {
        let read = async { while self.readers.join_next().await.is_some() {} };
        // What a descendant that got away still writes is not waited for.
        let _ = tokio::time::timeout(LAST_WORDS, read).await;
    }
}

/// Until the program and all who inherited the pipe have closed it.
async fn copy(mut pipe: impl AsyncRead + Unpin, stream: Stream, log: Arc<str>, logs: LogWriter) {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; 16 << 10];
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => {
                for line in splitter.push(&buffer[..length]) {
                    logs.line(&log, stream, line).await;
                }
                if length < buffer.len() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
    if let Some(line) = splitter.end() {
        logs.line(&log, stream, line).await;
    }
}
