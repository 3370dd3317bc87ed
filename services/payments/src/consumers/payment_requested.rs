//! An order wants to be paid: the request becomes a row, and that is all. The provider is asked by a worker, so that a slow
//! one holds up no message and a crash loses none.

use std::collections::HashSet;

use chassis::{
    consumer::{Consumer, Delivery, Verdict},
    correlation,
    worker::Wake,
};
use contracts::{PaymentId, orders::PaymentRequested};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{
    db::{
        self,
        payments::{NewPayments, Request},
    },
    domain,
};

pub(crate) struct PaymentRequestedConsumer {
    /// Wakes the worker that charges.
    pub(crate) charges: Wake,
}

impl Consumer for PaymentRequestedConsumer {
    type Event = PaymentRequested;

    const NAME: &'static str = "payments_payment_requested";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<PaymentRequested>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let mut new = NewPayments::default();
        // Of two requests for one order in a batch the first one counts; the other is compared with it.
        let mut first = HashSet::new();
        let sound = deliveries
            .iter()
            .filter(|delivery| refusal(&delivery.event).is_none());
        for delivery in sound.filter(|delivery| first.insert(delivery.event.order_id)) {
            let event = &delivery.event;
            new.ids.push(domain::payment_of(event.order_id).0);
            new.orders.push(event.order_id.0);
            new.users.push(event.user_id.0);
            new.minors.push(event.amount.minor);
            new.currencies.push(event.amount.currency.code().to_owned());
            new.methods.push(event.payment_method.clone());
            let (traceparent, causation_id) = correlation::columns(Some(&delivery.correlation));
            new.traceparents.push(traceparent);
            new.causation_ids.push(causation_id);
        }
        let mut inserted: HashSet<PaymentId> =
            db::payments::insert(tx, &new).await?.into_iter().collect();
        let mut verdicts = Vec::with_capacity(deliveries.len());
        for Delivery { event, .. } in deliveries {
            verdicts.push(match refusal(event) {
                Some(reason) => Verdict::Reject(reason),
                None if inserted.remove(&domain::payment_of(event.order_id)) => Verdict::Done,
                None => compare(tx, event).await?,
            });
        }
        Ok(verdicts)
    }

    fn committed(&self) {
        self.charges.wake();
    }
}

/// Why it can never be paid.
fn refusal(event: &PaymentRequested) -> Option<String> {
    if event.amount.minor <= 0 {
        return Some(format!(
            "{} cannot be charged: the amount must be above zero",
            event.amount
        ));
    }
    if event.payment_method.contains('\0') || event.payment_method.len() > 255 {
        return Some("the payment method is no name of one".to_owned());
    }
    None
}

/// There is a payment of this order already: a repetition of the request, or the tombstone of its cancellation.
async fn compare(
    connection: &mut PgConnection,
    event: &PaymentRequested,
) -> anyhow::Result<Verdict> {
    let id = domain::payment_of(event.order_id);
    let request = Request {
        user: event.user_id,
        amount: event.amount,
        method: event.payment_method.clone(),
    };
    let stored = db::payments::lock(connection, id).await?;
    Ok(match stored.map(|stored| stored.request) {
        // It was said when the tombstone was made that nothing will be charged.
        Some(None) => {
            db::payments::fill_tombstone(connection, id, &request).await?;
            Verdict::Done
        }
        Some(Some(known)) if known == request => Verdict::Done,
        Some(Some(known)) => Verdict::Reject(format!(
            "the order's payment is of {} with {}: another request cannot change it",
            known.amount, known.method
        )),
        None => Verdict::Retry("its payment was just removed".to_owned()),
    })
}
