//! An order does not want to be paid any more. What has been sent cannot be called back by wishing: such a payment is only
//! marked, and the answer is given when the provider has said what happened.

use chassis::{
    Correlation,
    consumer::{Consumer, Delivery, Verdict},
    outbox, planted,
};
use contracts::{OrderId, orders::PaymentCancelRequested, payments::PaymentCancelled};
use sqlx::{Postgres, Transaction};

use crate::{
    db, domain,
    turns::{Error, Turn, Turns},
};

pub(crate) struct PaymentCancelRequestedConsumer {
    pub(crate) turns: Turns,
}

impl Consumer for PaymentCancelRequestedConsumer {
    type Event = PaymentCancelRequested;

    const NAME: &'static str = "payments_payment_cancel_requested";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<PaymentCancelRequested>],
    ) -> anyhow::Result<Vec<Verdict>> {
        // In the order of the ids, as everybody who locks several does.
        let mut requests: Vec<(OrderId, &Correlation)> = deliveries
            .iter()
            .map(|delivery| (delivery.event.order_id, &delivery.correlation))
            .collect();
        requests.sort_by_key(|(order, _)| domain::payment_of(*order));
        requests.dedup_by_key(|(order, _)| *order);
        for (order, correlation) in requests {
            let cancelling = self.cancel(tx, order);
            correlation.clone().scope(cancelling).await?;
        }
        Ok(vec![Verdict::Done; deliveries.len()])
    }

    fn committed(&self) {
        self.turns.committed();
    }
}

impl PaymentCancelRequestedConsumer {
    async fn cancel(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        order: OrderId,
    ) -> Result<(), Error> {
        let id = domain::payment_of(order);
        if db::payments::insert_tombstone(tx, id, order).await? {
            let event = PaymentCancelled {
                payment_id: id,
                version: 1,
                order_id: order,
            };
            outbox::publish(tx, &event).await?;
            return Ok(());
        }
        if planted::is_planted("cancel_concludes_in_doubt") {
            db::payments::give_up_doubt(tx, id).await?;
        }
        self.turns.take(tx, id, Turn::CancelRequested).await
    }
}
