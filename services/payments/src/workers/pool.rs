//! Calls that are under way: a few at once, so that one that hangs holds up no other, and none cut off when the process ends.

use std::{future::Future, time::Duration};

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How soon a worker with calls under way looks for more.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The calls of one worker.
pub(crate) struct Pool {
    calls: JoinSet<()>,
    most: usize,
    shutdown: CancellationToken,
}

impl Pool {
    /// At most so many at once.
    pub(crate) fn new(most: usize, shutdown: CancellationToken) -> Self {
        Self {
            calls: JoinSet::new(),
            most,
            shutdown,
        }
    }

    /// How many more may be started; none once the process has been asked to end.
    pub(crate) fn free(&mut self) -> usize {
        while let Some(ended) = self.calls.try_join_next() {
            report(ended);
        }
        if self.shutdown.is_cancelled() {
            return 0;
        }
        self.most - self.calls.len()
    }

    /// Starts one.
    pub(crate) fn start(&mut self, call: impl Future<Output = ()> + Send + 'static) {
        self.calls.spawn(call);
    }

    /// Waits until it is worth looking for more: a call has ended, or some time has passed. When the process has been asked to
    /// end, waits for all of them. False if there are none.
    pub(crate) async fn settle(&mut self) -> bool {
        if self.calls.is_empty() {
            return false;
        }
        let is_full = self.calls.len() >= self.most;
        tokio::select! {
            ended = self.calls.join_next() => ended.into_iter().for_each(report),
            () = tokio::time::sleep(LOOK_AGAIN), if !is_full => {}
            () = self.shutdown.cancelled() => {
                while let Some(ended) = self.calls.join_next().await {
                    report(ended);
                }
            }
        }
        true
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        // Its lease runs out, and another one takes over.
        tracing::error!(%error, "a call of the provider ended in a panic");
    }
}
