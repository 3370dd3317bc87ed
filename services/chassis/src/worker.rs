//! Background work: one loop for every worker, which wakes on notice, polls as the safety net, and backs off on errors.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use prometheus::IntCounterVec;
use rand::Rng as _;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    metrics::{Metrics, WORKER_STEPS},
    process::Chain,
};

/// The longest pause after repeated errors.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// How long the workers get to finish their steps at shutdown.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What a step found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Idle,
    /// So many things; there may be more.
    Worked(usize),
    /// So many things, which were all that there was.
    Finished(usize),
}

/// A job that is done in bounded, repeatable steps.
///
/// A step takes no input (it looks at the database for what there is to do), may be run twice, and does a limited
/// amount: then it can be killed at any time.
pub trait Worker: Send + 'static {
    /// For logs and metrics.
    const NAME: &'static str;

    /// How much time lies between the beginnings of two steps that find something, at least.
    ///
    /// What comes alone is done at once. Under load, a step that costs the same for one thing as for a hundred then finds more of
    /// them.
    const GATHER: Duration = Duration::ZERO;

    /// Does the next piece of work.
    fn step(&mut self) -> impl Future<Output = anyhow::Result<Step>> + Send;
}

/// Tells a worker that there is something to do. Cheap to clone.
#[derive(Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// To be called after the commit that made work.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// The workers of a process.
pub struct Workers {
    tasks: TaskTracker,
    stop: CancellationToken,
    steps: IntCounterVec,
}

impl Workers {
    /// None yet.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            steps: metrics.counter(&WORKER_STEPS),
        }
    }

    /// Runs `worker` until [`Self::stop`]: at once, when woken, and at the latest every `poll`.
    pub fn start<W: Worker>(&self, worker: W, wake: Wake, poll: Duration) {
        for outcome in ["idle", "worked", "failed"] {
            self.steps.with_label_values(&[W::NAME, outcome]);
        }
        let turn = Turn {
            wake,
            poll,
            stop: self.stop.clone(),
            steps: self.steps.clone(),
        };
        self.tasks.spawn(turn.run(worker));
    }

    /// Lets each worker finish its step.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_TIMEOUT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                timeout_s = STOP_TIMEOUT.as_secs(),
                "a worker did not finish its step in time"
            );
        }
    }
}

struct Turn {
    wake: Wake,
    poll: Duration,
    stop: CancellationToken,
    steps: IntCounterVec,
}

impl Turn {
    async fn run<W: Worker>(self, mut worker: W) {
        let mut failures = 0;
        let mut gathered = Instant::now();
        while !self.stop.is_cancelled() {
            self.rest(gathered.saturating_duration_since(Instant::now()))
                .await;
            let begun = Instant::now();
            // Armed before the step looks for work: what comes in while it looks is not lost.
            let noticed = self.wake.0.notified();
            tokio::pin!(noticed);
            noticed.as_mut().enable();
            let outcome = worker.step().await;
            self.count::<W>(&outcome);
            match outcome {
                Ok(step) => {
                    failures = 0;
                    if step != Step::Idle {
                        gathered = begun + W::GATHER;
                    }
                    if matches!(step, Step::Worked(_)) {
                        continue;
                    }
                }
                Err(error) => {
                    failures += 1;
                    let pause = backoff(self.poll, failures);
                    report::<W>(&error, failures, pause);
                    // Notices do not shorten the pause: whatever is broken stays broken under load.
                    self.rest(pause).await;
                    continue;
                }
            }
            tokio::select! {
                () = noticed => {}
                () = self.rest(self.poll) => {}
            }
        }
    }

    async fn rest(&self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.cancelled() => {}
        }
    }

    fn count<W: Worker>(&self, outcome: &anyhow::Result<Step>) {
        let label = match outcome {
            Ok(Step::Idle) => "idle",
            Ok(Step::Worked(_) | Step::Finished(_)) => "worked",
            Err(_) => "failed",
        };
        self.steps.with_label_values(&[W::NAME, label]).inc();
    }
}

/// The first failure and every tenth: a dependency that is away for an hour must not fill the log.
fn report<W: Worker>(error: &anyhow::Error, failures: u32, pause: Duration) {
    if failures % 10 == 1 {
        let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(worker = W::NAME, failures, retry_in_ms, error = %Chain(error), "a step failed");
    }
}

/// Doubles with each failure up to [`MAX_BACKOFF`], and spreads replicas over the upper half of the pause.
fn backoff(first: Duration, failures: u32) -> Duration {
    let full = first
        .saturating_mul(2_u32.saturating_pow(failures.min(16) - 1))
        .min(MAX_BACKOFF);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;

    /// Has more to do after its first step alone, and says when it takes one.
    struct TwoBatches {
        steps: usize,
        taken: UnboundedSender<usize>,
    }

    impl Worker for TwoBatches {
        const NAME: &'static str = "two_batches";

        async fn step(&mut self) -> anyhow::Result<Step> {
            self.steps += 1;
            self.taken.send(self.steps)?;
            Ok(match self.steps {
                1 => Step::Worked(1),
                _ => Step::Finished(1),
            })
        }
    }

    async fn rests_after(taken: &mut UnboundedReceiver<usize>, step: usize) {
        assert_eq!(taken.recv().await, Some(step));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(taken.try_recv().is_err(), "it did not rest after {step}");
    }

    #[tokio::test]
    async fn who_has_finished_rests_until_it_is_woken() {
        let (workers, wake) = (Workers::new(&Metrics::new("test")), Wake::default());
        let (steps, mut taken) = unbounded_channel();
        let worker = TwoBatches {
            steps: 0,
            taken: steps,
        };
        workers.start(worker, wake.clone(), Duration::from_hours(1));
        assert_eq!(taken.recv().await, Some(1));
        rests_after(&mut taken, 2).await;
        wake.wake();
        rests_after(&mut taken, 3).await;
        workers.stop().await;
    }

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let first = Duration::from_millis(200);
        for failures in 1..100 {
            let full = first
                .saturating_mul(2_u32.saturating_pow(failures.min(16) - 1))
                .min(MAX_BACKOFF);
            let pause = backoff(first, failures);
            assert!(pause <= full && pause >= full / 2, "{failures}: {pause:?}");
        }
    }
}
