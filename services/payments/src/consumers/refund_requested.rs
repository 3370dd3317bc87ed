//! Money is to go back. What cannot be given back is answered at once; the rest is sent by a worker.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::orders::RefundRequested;
use sqlx::{Postgres, Transaction};

use crate::{
    db,
    domain::{self, payment::Refusal},
    turns::{Error, RefundOrder, Turn, Turns},
};

pub(crate) struct RefundRequestedConsumer {
    pub(crate) turns: Turns,
}

impl Consumer for RefundRequestedConsumer {
    type Event = RefundRequested;

    const NAME: &'static str = "payments_refund_requested";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<RefundRequested>],
    ) -> anyhow::Result<Vec<Verdict>> {
        // In the order of the ids, as everybody who locks several does.
        let mut indices: Vec<usize> = (0..deliveries.len()).collect();
        indices.sort_by_key(|index| domain::payment_of(deliveries[*index].event.order_id));
        let mut verdicts = vec![Verdict::Done; deliveries.len()];
        for index in indices {
            let delivery = &deliveries[index];
            let refunding = self.refund(tx, &delivery.event);
            verdicts[index] = delivery.correlation.clone().scope(refunding).await?;
        }
        Ok(verdicts)
    }

    fn committed(&self) {
        self.turns.committed();
    }
}

impl RefundRequestedConsumer {
    async fn refund(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        event: &RefundRequested,
    ) -> anyhow::Result<Verdict> {
        let id = domain::payment_of(event.order_id);
        if event.amount.minor <= 0 {
            let reason = format!("{} cannot be given back", event.amount);
            return Ok(Verdict::Reject(reason));
        }
        let Some(stored) = db::payments::lock(tx, id).await? else {
            return Ok(Verdict::Retry(
                "there is no payment of this order yet".to_owned(),
            ));
        };
        let currency = stored.request.map(|request| request.amount.currency);
        if currency.is_some_and(|currency| currency != event.amount.currency) {
            let reason = format!("{} is not in the payment's currency", event.amount);
            return Ok(Verdict::Reject(reason));
        }
        if let Some(known) = db::refunds::find(tx, event.refund_id).await?
            && (known.payment != id || known.minor != event.amount.minor)
        {
            let reason = "the refund's id is that of another refund".to_owned();
            return Ok(Verdict::Reject(reason));
        }
        let order = RefundOrder {
            id: event.refund_id,
            amount: event.amount,
            reason: &event.reason.replace('\0', "\u{fffd}"),
        };
        match self.turns.take(tx, id, Turn::RefundRequested(&order)).await {
            Ok(()) => Ok(Verdict::Done),
            Err(Error::Refused(refusal @ (Refusal::NotYet | Refusal::NeedsAttention))) => {
                Ok(Verdict::Retry(refusal.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }
}
