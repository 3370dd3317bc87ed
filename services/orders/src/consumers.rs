//! What other services say, one consumer for each kind of event, and what is made of it.

mod payment;
mod product;
mod refund;
mod stock;

use std::sync::{Mutex, PoisonError};

use chassis::consumer::{Delivery, Verdict};
use contracts::OrderId;
use sqlx::{Postgres, Transaction};

pub(crate) use payment::{Cancelled, Captured, Declined, Started};
pub(crate) use product::{Archived, Created, Updated};
pub(crate) use refund::{Completed, Failed};
pub(crate) use stock::{CommitFailed, Committed, Released};

use crate::{
    domain::progress::Refusal,
    saga::{Happening, News, Refused, Saga, Signal},
};

/// What every consumer does with the orders that its events are about.
pub(crate) struct Listener {
    saga: Saga,
    /// What the batch that is being handled did, to be told after its commit.
    news: Mutex<Vec<News>>,
}

/// An event in the words of the saga.
struct Heard {
    order: OrderId,
    happening: Happening,
    reason: Option<String>,
}

impl Listener {
    pub(crate) fn new(saga: &Saga) -> Self {
        Self {
            saga: saga.clone(),
            news: Mutex::default(),
        }
    }

    /// Applies all of them; `cause` is what the history calls them.
    async fn hear<E: Sync>(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<E>],
        cause: &'static str,
        understand: fn(&E) -> Heard,
    ) -> anyhow::Result<Vec<Verdict>> {
        let signals: Vec<Signal> = deliveries
            .iter()
            .map(|delivery| {
                let heard = understand(&delivery.event);
                Signal {
                    order: heard.order,
                    happening: heard.happening,
                    cause,
                    cause_id: Some(delivery.event_id),
                    correlation: Some(delivery.correlation.clone()),
                    reason: heard.reason,
                }
            })
            .collect();
        let advanced = self.saga.advance(tx, &signals).await?;
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) = advanced.news;
        Ok(advanced.outcomes.into_iter().map(verdict).collect())
    }

    fn committed(&self) {
        let news = std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.saga.committed(&news);
    }
}

/// Nothing comes too early for the saga: whoever answers was asked in the transaction that made the answer possible, and news
/// that was overtaken is contained in the news that overtook it. What does not fit is somebody's mistake, and needs a person.
fn verdict(outcome: Result<(), Refused>) -> Verdict {
    match outcome {
        Ok(()) | Err(Refused::Domain(Refusal::Stale)) => Verdict::Done,
        Err(refused) => Verdict::Reject(refused.to_string()),
    }
}

/// A consumer of an event that is about one order.
macro_rules! listener {
    ($(#[$documentation:meta])* $name:ident hears $event:ty as $consumer:literal, $cause:literal, $understand:expr) => {
        $(#[$documentation])*
        pub(crate) struct $name(pub(crate) super::Listener);

        impl chassis::consumer::Consumer for $name {
            type Event = $event;

            const NAME: &'static str = $consumer;

            async fn handle(
                &self,
                tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
                deliveries: &[chassis::consumer::Delivery<$event>],
            ) -> anyhow::Result<Vec<chassis::consumer::Verdict>> {
                self.0.hear(tx, deliveries, $cause, $understand).await
            }

            fn committed(&self) {
                self.0.committed();
            }
        }
    };
}
use listener;
