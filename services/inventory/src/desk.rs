//! Where requests for holds wait until a worker takes many of them at once.
//!
//! Nobody who waits here has a connection to the database: a hot variant costs one row lock for a whole batch, and not
//! one for each shopper. While a batch is under way the next one gathers by itself; on top of that a worker waits for up to
//! [`LINGER`] when the batch before it says that more are about to come.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chassis::{Correlation, correlation, worker::Wake};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout_at},
};

use crate::{domain::allocation::Request, holding::Outcome};

/// Requests that are decided in one transaction, at most.
pub(crate) const MAX_BATCH: usize = 256;
/// How long the first one of a batch waits for others, at most.
const LINGER: Duration = Duration::from_millis(2);
/// Requests that may wait; the next one is better answered at once.
const MAX_WAITING: usize = 4096;

/// A request with somebody waiting for its outcome.
pub(crate) struct Waiting {
    pub(crate) request: Request,
    /// What the request belongs to, for what is done for it alone.
    pub(crate) correlation: Option<Correlation>,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// The place. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<VecDeque<Waiting>>,
    /// Held by the one worker that gathers; the size of the batch before.
    gathering: tokio::sync::Mutex<usize>,
    arrived: Notify,
    wake: Wake,
}

/// More requests wait than can be served in time.
#[derive(Debug, thiserror::Error)]
#[error("{MAX_WAITING} requests for holds wait already")]
pub(crate) struct Full;

impl Desk {
    /// Wakes a worker.
    pub(crate) fn wake(&self) -> Wake {
        self.0.wake.clone()
    }

    /// Takes a place in the queue; the outcome comes through what is returned, which closes if the service ends first.
    pub(crate) fn enter(&self, request: Request) -> Result<oneshot::Receiver<Outcome>, Full> {
        let (reply, outcome) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING {
            return Err(Full);
        }
        waiting.push_back(Waiting {
            request,
            correlation: correlation::current(),
            reply,
        });
        drop(waiting);
        self.0.arrived.notify_one();
        self.0.wake.wake();
        Ok(outcome)
    }

    /// The next batch, no order twice in it; empty if nobody waits, or another worker is gathering.
    pub(crate) async fn gather(&self) -> Vec<Waiting> {
        let Ok(mut previous) = self.0.gathering.try_lock() else {
            return Vec::new();
        };
        let mut batch = Batch::default();
        self.fill(&mut batch);
        let expected = (*previous).min(MAX_BATCH);
        let deadline = Instant::now() + LINGER;
        while !batch.waiting.is_empty() && batch.waiting.len() < expected {
            if timeout_at(deadline, self.0.arrived.notified())
                .await
                .is_err()
            {
                break;
            }
            self.fill(&mut batch);
        }
        *previous = batch.waiting.len();
        drop(previous);
        // Somebody may have come while the other worker found this one gathering.
        if !self.waiting().is_empty() {
            self.0.wake.wake();
        }
        batch.waiting
    }

    fn fill(&self, batch: &mut Batch) {
        let mut waiting = self.waiting();
        let mut twins = Vec::new();
        while batch.waiting.len() < MAX_BATCH
            && let Some(next) = waiting.pop_front()
        {
            if next.reply.is_closed() {
                // Whoever asked has gone.
            } else if batch.orders.insert(next.request.order_id) {
                batch.waiting.push(next);
            } else {
                twins.push(next);
            }
        }
        // The next batch finds what this one has stored.
        for twin in twins.into_iter().rev() {
            waiting.push_front(twin);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Batch {
    waiting: Vec<Waiting>,
    orders: HashSet<contracts::OrderId>,
}

#[cfg(test)]
mod tests {
    use contracts::OrderId;

    use super::*;

    fn request(order_id: OrderId) -> Request {
        Request {
            order_id,
            lines: Vec::new(),
            lifetime_s: 60,
        }
    }

    #[tokio::test]
    async fn a_batch_is_bounded_and_holds_no_order_twice() {
        let desk = Desk::default();
        let twin = OrderId::generate();
        let mut outcomes = vec![
            desk.enter(request(twin)).unwrap(),
            desk.enter(request(twin)).unwrap(),
        ];
        for _ in 0..MAX_BATCH {
            outcomes.push(desk.enter(request(OrderId::generate())).unwrap());
        }
        let first = desk.gather().await;
        assert_eq!(first.len(), MAX_BATCH);
        let second = desk.gather().await;
        assert_eq!(second.len(), 2);
        assert_eq!(second[0].request.order_id, twin);
        assert!(desk.gather().await.is_empty());
    }

    #[tokio::test]
    async fn whoever_has_gone_is_left_out() {
        let desk = Desk::default();
        drop(desk.enter(request(OrderId::generate())).unwrap());
        let _outcome = desk.enter(request(OrderId::generate())).unwrap();
        assert_eq!(desk.gather().await.len(), 1);
    }

    #[tokio::test]
    async fn too_many_are_turned_away() {
        let desk = Desk::default();
        let outcomes: Vec<_> = (0..MAX_WAITING)
            .map(|_| desk.enter(request(OrderId::generate())).unwrap())
            .collect();
        assert!(desk.enter(request(OrderId::generate())).is_err());
        drop(outcomes);
    }
}
