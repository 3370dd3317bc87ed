//! What inventory says of an order's goods.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::inventory::{ReleaseReason, StockCommitFailed, StockCommitted, StockReleased};
use sqlx::{Postgres, Transaction};

use super::{Heard, Listener, listener};
use crate::{
    domain::progress::Event,
    saga::{Happening, Refused},
};

listener!(
    /// They are the order's own.
    Committed hears StockCommitted as "orders_stock_committed", "stock_committed", |event| Heard {
        order: event.order_id,
        happening: Happening::Plain(Event::StockCommitted),
        reason: None,
    }
);

listener!(
    /// They cannot be given to it.
    CommitFailed hears StockCommitFailed as "orders_stock_commit_failed", "stock_commit_failed", |event| Heard {
        order: event.order_id,
        happening: Happening::Plain(Event::StockCommitFailed),
        reason: Some(event.reason.clone()),
    }
);

/// They are free again.
pub(crate) struct Released(pub(crate) Listener);

impl Consumer for Released {
    type Event = StockReleased;

    const NAME: &'static str = "orders_stock_released";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<StockReleased>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let verdicts = self.0.hear(tx, deliveries, "stock_released", heard).await?;
        // A hold whose request never became an order ends as well, and is nobody's business here.
        let unknown = Verdict::Reject(Refused::UnknownOrder.to_string());
        let verdicts = verdicts.into_iter().map(|verdict| {
            if verdict == unknown {
                Verdict::Done
            } else {
                verdict
            }
        });
        Ok(verdicts.collect())
    }

    fn committed(&self) {
        self.0.committed();
    }
}

fn heard(event: &StockReleased) -> Heard {
    let is_expiry = event.reason == ReleaseReason::Expired;
    Heard {
        order: event.order_id,
        happening: Happening::Plain(Event::StockReleased { is_expiry }),
        reason: None,
    }
}
