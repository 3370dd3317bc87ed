//! `user_registered`: a welcome, and an address for mails about events that name only the account.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::identity::UserRegistered;
use sqlx::{Postgres, Transaction};

use super::{Desk, quoted, storable};
use crate::{
    db::{
        mails::{self, Owed},
        recipients::{self, Recipient},
    },
    domain::{
        letter::Letter,
        mail::{self, Occasion},
    },
};

/// Handles new accounts.
pub(super) struct Registrations {
    desk: Desk,
}

impl Registrations {
    pub(super) fn new(desk: &Desk) -> Self {
        Self { desk: desk.clone() }
    }

    fn welcome(&self, delivery: &Delivery<UserRegistered>) -> Owed {
        let letter = Letter::Welcome {
            role: quoted(&delivery.event.role),
        };
        let user = delivery.event.user_id;
        let id = mail::id(Occasion::Once(user.0), letter.template().name());
        Owed {
            id,
            message_id: mail::message_id(id, &self.desk.domain),
            user_id: user,
            order_id: None,
            recipient: delivery.event.email.clone(),
            letter,
            event_at: delivery.time,
            correlation: Some(delivery.correlation.clone()),
        }
    }
}

impl Consumer for Registrations {
    type Event = UserRegistered;

    const NAME: &'static str = "notifications_user_registered";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<UserRegistered>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let (verdicts, good) = storable(deliveries);
        let people: Vec<_> = good
            .iter()
            .map(|delivery| Recipient {
                user_id: delivery.event.user_id,
                email: delivery.event.email.clone(),
                first_name: quoted(&delivery.event.first_name),
            })
            .collect();
        recipients::insert(tx, &people).await?;
        let owed: Vec<_> = good.iter().map(|delivery| self.welcome(delivery)).collect();
        mails::insert(tx, &owed).await?;
        Ok(verdicts)
    }

    fn committed(&self) {
        self.desk.mails.wake();
    }
}
