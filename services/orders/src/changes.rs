//! Who waits for an order's next version: told at once of what this replica has committed, and of everything else as soon as
//! somebody has looked ([`crate::workers::look_for_changes`]).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contracts::OrderId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The orders that somebody waits for, each with the highest version that was heard of. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Changes(Arc<Mutex<HashMap<OrderId, watch::Sender<i64>>>>);

/// Somebody who waits for an order.
pub(crate) struct Waiter {
    order: OrderId,
    receiver: Option<watch::Receiver<i64>>,
    changes: Changes,
}

impl Changes {
    /// An order has this version now, or may have.
    pub(crate) fn note(&self, order: OrderId, version: i64) {
        if let Some(sender) = self.waited_for().get(&order) {
            sender.send_if_modified(|known| {
                let is_news = version > *known;
                *known = version.max(*known);
                is_news
            });
        }
    }

    /// Begins to wait. To be called before the order is read, so that nothing is missed between the two.
    pub(crate) fn watch(&self, order: OrderId) -> Waiter {
        let mut waited_for = self.waited_for();
        let sender = waited_for
            .entry(order)
            .or_insert_with(|| watch::Sender::new(0));
        Waiter {
            order,
            receiver: Some(sender.subscribe()),
            changes: self.clone(),
        }
    }

    /// The orders that somebody waits for.
    pub(crate) fn orders(&self) -> Vec<OrderId> {
        self.waited_for().keys().copied().collect()
    }

    fn waited_for(&self) -> MutexGuard<'_, HashMap<OrderId, watch::Sender<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Returns when the order may have a version above `version`, when `longest` is over, or when the process ends.
    pub(crate) async fn wait(&mut self, version: i64, longest: Duration, end: &CancellationToken) {
        let Some(receiver) = &mut self.receiver else {
            return;
        };
        tokio::select! {
            _ = receiver.wait_for(|known| *known > version) => {}
            () = tokio::time::sleep(longest) => {}
            () = end.cancelled() => {}
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.receiver = None;
        let mut waited_for = self.changes.waited_for();
        let is_alone = waited_for
            .get(&self.order)
            .is_some_and(|sender| sender.receiver_count() == 0);
        if is_alone {
            waited_for.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn order() -> OrderId {
        OrderId(uuid::Uuid::from_u128(1))
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_a_version_above_theirs() {
        let changes = Changes::default();
        let mut waiter = changes.watch(order());
        changes.note(order(), 3);
        waiter.wait(2, LONG, &CancellationToken::new()).await;
        let end = CancellationToken::new();
        end.cancel();
        waiter.wait(3, LONG, &end).await;
    }

    #[test]
    fn nobody_is_remembered_after_they_have_gone() {
        let changes = Changes::default();
        let (first, second) = (changes.watch(order()), changes.watch(order()));
        drop(first);
        assert_eq!(changes.orders(), [order()]);
        drop(second);
        assert!(changes.orders().is_empty());
        changes.note(order(), 2);
    }
}
