//! What both warnings about stock have in common: a mail to whoever sells it, if they have an account here.

use std::{collections::HashMap, marker::PhantomData};

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::{Event, UserId, VendorId};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{Desk, storable};
use crate::{
    db::{
        mails::{self, Owed},
        recipients,
    },
    domain::{
        letter::Letter,
        mail::{self, Occasion},
    },
};

/// An event of one stock, told once for each time that a threshold is crossed.
pub(super) trait StockWarning: Event + Clone + Send + Sync + 'static {
    /// The consumer's name for ever.
    const CONSUMER: &'static str;

    /// Who sells it.
    fn vendor(&self) -> VendorId;

    /// The mail that it owes.
    fn letter(&self) -> Letter;
}

/// Handles one kind of such events.
pub(super) struct StockWarnings<E> {
    desk: Desk,
    event: PhantomData<fn() -> E>,
}

impl<E: StockWarning> StockWarnings<E> {
    pub(super) fn new(desk: &Desk) -> Self {
        Self {
            desk: desk.clone(),
            event: PhantomData,
        }
    }

    /// A vendor without an account here (the demo catalogue's, for instance) gets no mail: nobody knows where to.
    async fn owed(
        &self,
        connection: &mut PgConnection,
        good: &[&Delivery<E>],
    ) -> sqlx::Result<Vec<Owed>> {
        let vendors: Vec<_> = good
            .iter()
            .map(|delivery| UserId(delivery.event.vendor().0))
            .collect();
        let known = recipients::find(connection, &vendors).await?;
        let known: HashMap<_, _> = known
            .into_iter()
            .map(|one| (one.user_id, one.email))
            .collect();
        let mut owed = Vec::with_capacity(good.len());
        for (delivery, vendor) in good.iter().zip(vendors) {
            let letter = delivery.event.letter();
            let Some(email) = known.get(&vendor) else {
                self.desk.metrics.mail(letter.template(), "unaddressed");
                continue;
            };
            let occasion = Occasion::Each(
                delivery.event.aggregate_id(),
                delivery.event.aggregate_version(),
            );
            let id = mail::id(occasion, letter.template().name());
            owed.push(Owed {
                id,
                message_id: mail::message_id(id, &self.desk.domain),
                user_id: vendor,
                order_id: None,
                recipient: email.clone(),
                letter,
                event_at: delivery.time,
                correlation: Some(delivery.correlation.clone()),
            });
        }
        Ok(owed)
    }
}

impl<E: StockWarning> Consumer for StockWarnings<E> {
    type Event = E;

    const NAME: &'static str = E::CONSUMER;

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<E>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let (verdicts, good) = storable(deliveries);
        let owed = self.owed(tx, &good).await?;
        mails::insert(tx, &owed).await?;
        Ok(verdicts)
    }

    fn committed(&self) {
        self.desk.mails.wake();
    }
}
