//! Writes the log files, on a thread of its own so that a slow disk slows down only who writes too much.
//!
//! Lines arrive through a bounded queue: when the disk cannot keep up, the queue fills, our readers wait, the pipes
//! fill, and the components that write too much wait.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use super::{
    clock,
    lines::{self, Stream},
    rotate::RotatingFile,
};

const QUEUE: usize = 1024;
/// Lines written with one call.
const BATCH: usize = 256;
/// Bytes written with one call.
const CHUNK: usize = 256 << 10;
/// How often to look for room on a full disk when nobody writes.
const RETRY: Duration = Duration::from_secs(1);

enum Order {
    Line {
        log: Arc<str>,
        at: DateTime<Utc>,
        stream: Stream,
        text: String,
    },
    Flush {
        done: oneshot::Sender<()>,
    },
}

/// A handle to the writer; the last one that goes ends it.
#[derive(Clone)]
pub(super) struct LogWriter {
    orders: mpsc::Sender<Order>,
}

impl LogWriter {
    /// `folder` is where `<log>.log` is written.
    pub(super) fn start(folder: PathBuf) -> std::io::Result<Self> {
        let (orders, queue) = mpsc::channel(QUEUE);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || runtime.block_on(Files::new(folder).serve(queue)))?;
        Ok(Self { orders })
    }

    pub(super) async fn line(&self, log: &Arc<str>, stream: Stream, text: String) {
        // The writer ends only with the process: a lost line is all that can come of it.
        let _ = self
            .orders
            .send(Order::Line {
                log: log.clone(),
                at: clock::now(),
                stream,
                text,
            })
            .await;
    }

    /// Returns once everything before it is in its file, or was dropped.
    pub(super) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.orders.send(Order::Flush { done }).await.is_ok() {
            let _ = flushed.await;
        }
    }
}

struct Files {
    folder: PathBuf,
    open: HashMap<Arc<str>, Output>,
}

struct Output {
    file: RotatingFile,
    pending: Vec<u8>,
    lines: u64,
}

impl Files {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            open: HashMap::new(),
        }
    }

    async fn serve(mut self, mut queue: mpsc::Receiver<Order>) {
        let mut orders = Vec::with_capacity(BATCH);
        loop {
            let behind = self.open.values().any(|output| output.file.dropped() > 0);
            let received = tokio::select! {
                received = queue.recv_many(&mut orders, BATCH) => received,
                () = tokio::time::sleep(RETRY), if behind => {
                    self.write_all();
                    continue;
                }
            };
            if received == 0 {
                return;
            }
            let mut waiting = Vec::new();
            for order in orders.drain(..) {
                match order {
                    Order::Line {
                        log,
                        at,
                        stream,
                        text,
                    } => self.take(log, at, stream, &text),
                    Order::Flush { done } => waiting.push(done),
                }
            }
            self.write_all();
            for done in waiting {
                // Who no longer waits does not mind.
                let _ = done.send(());
            }
        }
    }

    fn take(&mut self, log: Arc<str>, at: DateTime<Utc>, stream: Stream, text: &str) {
        let folder = &self.folder;
        let output = self
            .open
            .entry(log)
            .or_insert_with_key(|log| Output::new(folder.join(format!("{log}.log"))));
        output
            .pending
            .extend_from_slice(lines::format(at, stream, text).as_bytes());
        output.lines += 1;
        if output.pending.len() >= CHUNK {
            output.write();
        }
    }

    fn write_all(&mut self) {
        for output in self.open.values_mut() {
            output.write();
        }
    }
}

impl Output {
    fn new(path: PathBuf) -> Self {
        Self {
            file: RotatingFile::new(path),
            pending: Vec::new(),
            lines: 0,
        }
    }

    fn write(&mut self) {
        if self.lines > 0 || self.file.dropped() > 0 {
            self.file.append(&self.pending, self.lines, |dropped| {
                let text = format!("{dropped} lines dropped: the log could not be written");
                lines::format(clock::now(), Stream::Supervisor, &text)
            });
            self.pending.clear();
            self.lines = 0;
        }
    }
}
