//! What happens to an account's password: `password_reset_requested` and `password_changed`, a mail each time.

use std::marker::PhantomData;

use chassis::consumer::{Consumer, Delivery, Verdict};
use chrono::{DateTime, Utc};
use contracts::{
    Event, UserId,
    identity::{PasswordChanged, PasswordResetRequested},
};
use sqlx::{Postgres, Transaction};

use super::{Desk, storable};
use crate::{
    db::mails::{self, Owed},
    domain::{
        letter::Letter,
        mail::{self, Occasion},
    },
};

/// An event that an account's owner is written to about.
pub(super) trait AccountNews: Event + Clone + Send + Sync + 'static {
    /// The consumer's name for ever.
    const CONSUMER: &'static str;

    /// Who is written to, and where to: an account that the operator made is known by its events alone.
    fn owner(&self) -> (UserId, &str);

    /// The mail that it owes.
    fn letter(&self, at: DateTime<Utc>) -> Letter;
}

impl AccountNews for PasswordResetRequested {
    const CONSUMER: &'static str = "notifications_password_reset_requested";

    fn owner(&self) -> (UserId, &str) {
        (self.user_id, &self.email)
    }

    fn letter(&self, _: DateTime<Utc>) -> Letter {
        Letter::PasswordReset {
            reset: self.reset_id,
            expires_at: self.expires_at,
        }
    }
}

impl AccountNews for PasswordChanged {
    const CONSUMER: &'static str = "notifications_password_changed";

    fn owner(&self) -> (UserId, &str) {
        (self.user_id, &self.email)
    }

    fn letter(&self, at: DateTime<Utc>) -> Letter {
        Letter::PasswordChanged { at }
    }
}

/// Handles one of these events.
pub(super) struct AccountMails<E> {
    desk: Desk,
    event: PhantomData<fn() -> E>,
}

impl<E: AccountNews> AccountMails<E> {
    pub(super) fn new(desk: &Desk) -> Self {
        Self {
            desk: desk.clone(),
            event: PhantomData,
        }
    }

    fn owed(&self, delivery: &Delivery<E>) -> Owed {
        let event = &delivery.event;
        let letter = event.letter(delivery.time);
        let occasion = Occasion::Each(event.aggregate_id(), event.aggregate_version());
        let id = mail::id(occasion, letter.template().name());
        let (user_id, recipient) = event.owner();
        Owed {
            id,
            message_id: mail::message_id(id, &self.desk.domain),
            user_id,
            order_id: None,
            recipient: recipient.to_owned(),
            letter,
            event_at: delivery.time,
            correlation: Some(delivery.correlation.clone()),
        }
    }
}

impl<E: AccountNews> Consumer for AccountMails<E> {
    type Event = E;

    const NAME: &'static str = E::CONSUMER;

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<E>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let (verdicts, good) = storable(deliveries);
        let owed: Vec<_> = good.iter().map(|delivery| self.owed(delivery)).collect();
        mails::insert(tx, &owed).await?;
        Ok(verdicts)
    }

    fn committed(&self) {
        self.desk.mails.wake();
    }
}
