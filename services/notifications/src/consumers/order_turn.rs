//! What every turn of an order has in common: its state is noted, its user's open pages are told, and most owe a mail.

use std::{
    collections::{BTreeMap, HashMap},
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use chassis::{
    Correlation,
    consumer::{Consumer, Delivery, Verdict},
};
use chrono::{DateTime, Utc};
use contracts::{Event, OrderId, UserId};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{Desk, quoted, storable};
use crate::{
    db::{
        live_updates::{self, Position},
        mails::{self, Owed},
        orders::{self, Heard},
    },
    domain::{
        letter::Letter,
        mail::{self, Occasion},
        order::{LiveUpdate, OrderState, Placed},
    },
};

/// An event of an order, as far as people hear of it.
pub(super) trait OrderTurn: Event + Clone + Send + Sync + 'static {
    /// The consumer's name for ever.
    const CONSUMER: &'static str;
    /// Where the order is after it.
    const STATE: OrderState;

    /// What it says of the order.
    fn turn(&self) -> Turn<'_>;
}

/// What every such event says.
pub(super) struct Turn<'t> {
    pub(super) order: OrderId,
    pub(super) version: i64,
    pub(super) number: &'t str,
    pub(super) user: UserId,
    pub(super) email: &'t str,
    /// The mail that it owes, if it owes one.
    pub(super) letter: Option<Letter>,
    /// What was ordered, if it says that.
    pub(super) placed: Option<Placed>,
}

/// A turn, when it was taken, and what its event belongs to.
struct Told<'t> {
    at: DateTime<Utc>,
    turn: Turn<'t>,
    correlation: &'t Correlation,
}

/// Handles one kind of such events.
pub(super) struct OrderTurns<E> {
    desk: Desk,
    /// Of transactions that are about to be committed.
    moved: Mutex<Vec<Position>>,
    event: PhantomData<fn() -> E>,
}

impl<E: OrderTurn> OrderTurns<E> {
    pub(super) fn new(desk: &Desk) -> Self {
        Self {
            desk: desk.clone(),
            moved: Mutex::default(),
            event: PhantomData,
        }
    }

    /// The users' sequences are locked first, then the orders, each in one order: consumers that run at the same time
    /// wait for each other and never in a circle.
    async fn note(&self, connection: &mut PgConnection, turns: &[Told<'_>]) -> anyhow::Result<()> {
        let moved = tell_pages::<E>(connection, turns).await?;
        let orders: Vec<_> = turns.iter().map(|told| told.turn.order).collect();
        orders::hear(connection, &heard::<E>(turns)?).await?;
        mails::insert(connection, &self.owed(turns)).await?;
        if turns.iter().any(|told| told.turn.placed.is_some()) {
            mails::release(connection, &orders).await?;
        }
        for template in mails::supersede(connection, &orders).await? {
            if let Some(template) = mails::template(&template) {
                self.desk.metrics.mail(template, "superseded");
            }
        }
        // A hint of what was not committed after all is harmless.
        self.moved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(moved);
        Ok(())
    }

    fn owed(&self, turns: &[Told<'_>]) -> Vec<Owed> {
        let owed = turns.iter().filter_map(|told| {
            let turn = &told.turn;
            let letter = turn.letter.clone()?;
            let id = mail::id(Occasion::Once(turn.order.0), letter.template().name());
            Some(Owed {
                id,
                message_id: mail::message_id(id, &self.desk.domain),
                user_id: turn.user,
                order_id: Some(turn.order),
                recipient: turn.email.to_owned(),
                letter,
                event_at: told.at,
                correlation: Some(told.correlation.clone()),
            })
        });
        owed.collect()
    }
}

impl<E: OrderTurn> Consumer for OrderTurns<E> {
    type Event = E;

    const NAME: &'static str = E::CONSUMER;

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<E>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let (verdicts, good) = storable(deliveries);
        let turns: Vec<_> = good
            .iter()
            .map(|delivery| Told {
                at: delivery.time,
                turn: delivery.event.turn(),
                correlation: &delivery.correlation,
            })
            .collect();
        if !turns.is_empty() {
            self.note(tx, &turns).await?;
        }
        Ok(verdicts)
    }

    fn committed(&self) {
        let moved = std::mem::take(&mut *self.moved.lock().unwrap_or_else(PoisonError::into_inner));
        self.desk.mails.wake();
        self.desk.announcer.announce(moved);
    }
}

/// Gives each update its place in its user's sequence.
async fn tell_pages<E: OrderTurn>(
    connection: &mut PgConnection,
    turns: &[Told<'_>],
) -> sqlx::Result<Vec<Position>> {
    let mut counts = BTreeMap::new();
    for Told { turn, .. } in turns {
        *counts.entry(turn.user).or_insert(0) += 1;
    }
    let counts: Vec<(UserId, i64)> = counts.into_iter().collect();
    let moved = live_updates::advance(connection, &counts).await?;
    let added: HashMap<_, _> = counts.into_iter().collect();
    let mut next: HashMap<UserId, i64> = moved
        .iter()
        .map(|end| (end.user_id, end.last_id - added[&end.user_id]))
        .collect();
    let updates: Vec<_> = turns
        .iter()
        .map(|Told { at, turn, .. }| {
            let id = next.entry(turn.user).or_default();
            *id += 1;
            (turn.user, *id, update::<E>(*at, turn))
        })
        .collect();
    live_updates::insert(connection, &updates).await?;
    Ok(moved)
}

fn update<E: OrderTurn>(at: DateTime<Utc>, turn: &Turn<'_>) -> LiveUpdate {
    LiveUpdate {
        kind: E::STATE.update_type().to_owned(),
        order_id: turn.order,
        number: quoted(turn.number),
        state: E::STATE,
        version: turn.version,
        at,
    }
}

/// Each order once, as its newest event says.
fn heard<E: OrderTurn>(turns: &[Told<'_>]) -> serde_json::Result<Vec<Heard>> {
    let mut newest: BTreeMap<OrderId, &Turn<'_>> = BTreeMap::new();
    for Told { turn, .. } in turns {
        let known = newest.entry(turn.order).or_insert(turn);
        if turn.version > known.version {
            *known = turn;
        }
    }
    let heard = newest.into_values().map(|turn| {
        Ok(Heard {
            id: turn.order,
            user_id: turn.user,
            version: turn.version,
            state: E::STATE,
            placed: turn.placed.as_ref().map(serde_json::to_value).transpose()?,
        })
    });
    heard.collect()
}
