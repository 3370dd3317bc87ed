//! Orders while signals are applied to them: what was locked, what became of it, and everything that is to be written.

use std::collections::{BTreeSet, HashMap};

use chassis::{clock, planted};
use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, RefundId};
use sqlx::PgConnection;

use super::{Happening, News, Refused, Signal, deadline};
use crate::{
    config::SagaConfig,
    db::{
        self,
        outbox::OutboxRow,
        refunds::{NewRefund, Refund},
        turns::{Changed, HistoryRow, LockedOrder},
    },
    domain::{
        identifiers::automatic_refund,
        order::{Ending, Pay, RefundState, State},
        progress::{Event, Message, Progress, Refusal, Step},
        saga::step,
    },
    events,
};

/// The orders that signals are about, while they are being worked on.
pub(super) struct Desk {
    orders: HashMap<OrderId, Working>,
    refunds: HashMap<RefundId, Refund>,
    history: Vec<HistoryRow>,
    outbox: Vec<OutboxRow>,
    new_refunds: Vec<NewRefund>,
    finished_refunds: Vec<(RefundId, RefundState, Option<String>)>,
}

struct Working {
    order: LockedOrder,
    /// As it was found.
    before: Progress,
    states: Vec<State>,
}

impl Desk {
    pub(super) async fn open(
        connection: &mut PgConnection,
        signals: &[Signal],
    ) -> sqlx::Result<Self> {
        let ids: BTreeSet<OrderId> = signals.iter().map(|signal| signal.order).collect();
        let ids: Vec<OrderId> = ids.into_iter().collect();
        let orders = db::turns::lock(connection, &ids).await?;
        let orders = orders.into_iter().map(|order| {
            let before = order.progress;
            let states = Vec::new();
            (
                order.id,
                Working {
                    order,
                    before,
                    states,
                },
            )
        });
        let named: Vec<RefundId> = signals
            .iter()
            .filter_map(|signal| match signal.happening {
                Happening::RefundCompleted(id, _) | Happening::RefundFailed(id, _) => Some(id),
                _ => None,
            })
            .collect();
        let refunds = if named.is_empty() {
            Vec::new()
        } else {
            db::refunds::get_all(connection, &named).await?
        };
        Ok(Self {
            orders: orders.collect(),
            refunds: refunds
                .into_iter()
                .map(|refund| (refund.id, refund))
                .collect(),
            history: Vec::new(),
            outbox: Vec::new(),
            new_refunds: Vec::new(),
            finished_refunds: Vec::new(),
        })
    }

    pub(super) fn apply(&mut self, signal: &Signal) -> Result<(), Refused> {
        let working = self
            .orders
            .get(&signal.order)
            .ok_or(Refused::UnknownOrder)?;
        let event = self.event(&working.order, &signal.happening)?;
        let step = step(standing(working.order.progress, event), event)?;
        self.finish_refund(&signal.happening);
        let working = self
            .orders
            .get_mut(&signal.order)
            .ok_or(Refused::UnknownOrder)?;
        let order = &mut working.order;
        enter(order, &step, signal);
        if step.after.state == State::Refunded && order.reason.is_none() {
            order.reason = refund_of(&signal.happening)
                .and_then(|id| self.refunds.get(&id))
                .map(|refund| refund.reason.clone());
        }
        for turn in &step.turns {
            self.history.push(HistoryRow {
                order: order.id,
                version: turn.version,
                from: turn.from,
                to: turn.to,
                cause: signal.cause,
                cause_id: signal.cause_id,
            });
            if turn.from != turn.to {
                working.states.push(turn.to);
            }
        }
        for message in &step.messages {
            if let Some(refund) = new_refund(order, *message, &signal.happening) {
                self.outbox.push(events::refund_requested(order, &refund));
                self.new_refunds.push(refund);
            }
            self.outbox.extend(events::told(order, *message));
        }
        Ok(())
    }

    /// What the domain is told.
    fn event(&self, order: &LockedOrder, happening: &Happening) -> Result<Event, Refused> {
        let minor = |money: &Money| {
            let fits = money.currency == order.currency;
            fits.then_some(money.minor).ok_or(Refused::OtherCurrency)
        };
        let refund = |id: &RefundId| {
            let refund = self.refunds.get(id);
            refund
                .filter(|refund| refund.order == order.id)
                .ok_or(Refused::UnknownRefund)
        };
        match happening {
            Happening::Plain(event) => Ok(*event),
            Happening::Captured(amount) => Ok(Event::PaymentCaptured {
                amount: minor(amount)?,
            }),
            Happening::RefundAsked(asked) => Ok(Event::RefundAsked {
                amount: asked.amount_minor,
            }),
            Happening::Shipped { .. } => Ok(Event::Shipped),
            Happening::RefundCompleted(id, amount) => {
                let refund = refund(id)?;
                if minor(amount)? != refund.amount_minor {
                    let what = "another amount went back than was asked for";
                    return Err(Refusal::Contradiction(what).into());
                }
                match refund.state {
                    RefundState::Done => Err(Refusal::Stale.into()),
                    RefundState::Requested | RefundState::Failed => Ok(Event::RefundCompleted {
                        amount: refund.amount_minor,
                        was_pending: refund.state == RefundState::Requested,
                    }),
                }
            }
            Happening::RefundFailed(id, _) => {
                let refund = refund(id)?;
                match refund.state {
                    RefundState::Requested => Ok(Event::RefundFailed {
                        amount: refund.amount_minor,
                    }),
                    RefundState::Done | RefundState::Failed => Err(Refusal::Stale.into()),
                }
            }
        }
    }

    fn finish_refund(&mut self, happening: &Happening) {
        let (id, state, failure) = match happening {
            Happening::RefundCompleted(id, _) => (*id, RefundState::Done, None),
            Happening::RefundFailed(id, why) => (*id, RefundState::Failed, Some(why.clone())),
            _ => return,
        };
        if let Some(refund) = self.refunds.get_mut(&id) {
            refund.state = state;
        }
        self.finished_refunds.push((id, state, failure));
    }

    pub(super) fn news(&self) -> Vec<News> {
        let changed = self
            .orders
            .values()
            .filter(|working| working.order.progress != working.before);
        changed
            .map(|working| News {
                order: working.order.id,
                version: working.order.progress.version,
                states: working.states.clone(),
                placed_at: working.order.placed_at,
            })
            .collect()
    }

    pub(super) async fn write(
        self,
        connection: &mut PgConnection,
        settings: &SagaConfig,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let changed = self
            .orders
            .into_values()
            .filter(|working| working.order.progress != working.before);
        let changed: Vec<Changed> = changed
            .map(|working| Changed {
                from: (working.before.state, working.before.version),
                deadline: deadline(
                    &working.order.progress,
                    working.order.placed_at,
                    settings,
                    now,
                ),
                order: working.order,
            })
            .collect();
        db::turns::update_all(connection, &changed, now).await?;
        db::turns::note_all(connection, &self.history, now).await?;
        for refund in &self.new_refunds {
            db::refunds::insert(connection, refund, now).await?;
        }
        for (id, state, failure) in &self.finished_refunds {
            db::refunds::finish(connection, *id, *state, failure.as_deref(), now).await?;
        }
        db::outbox::insert_all(connection, &self.outbox).await
    }
}

/// Where the order stands, as the domain is told.
fn standing(progress: Progress, event: Event) -> Progress {
    if planted::is_planted("transition_without_guard")
        && matches!(event, Event::PaymentCaptured { .. })
    {
        // The defect: money makes an order paid, whatever has become of it.
        return Progress {
            state: State::PaymentPending,
            pay: Pay::Open,
            ending: None,
            ..progress
        };
    }
    progress
}

/// Makes the order what the step says.
fn enter(order: &mut LockedOrder, step: &Step, signal: &Signal) {
    let begins_to_end = order.progress.ending.is_none();
    order.progress = step.after;
    if let Some(ending) = step.after.ending.filter(|_| begins_to_end) {
        let reason = signal.reason.clone();
        order.reason = Some(reason.unwrap_or_else(|| explanation(ending).to_owned()));
    }
    if let Happening::Shipped {
        carrier,
        tracking_number,
    } = &signal.happening
    {
        order.carrier.clone_from(carrier);
        order.tracking_number.clone_from(tracking_number);
        order.shipped_at = Some(clock::now());
    }
}

fn explanation(ending: Ending) -> &'static str {
    match ending {
        Ending::Cancelled => "it was cancelled",
        Ending::Expired => "it was not paid in time",
        Ending::Declined => "the payment was declined",
        Ending::OutOfStock => "it is sold out",
        Ending::Refunded => "the money was asked back",
    }
}

fn refund_of(happening: &Happening) -> Option<RefundId> {
    match happening {
        Happening::RefundCompleted(id, _) => Some(*id),
        _ => None,
    }
}

/// The refund that a message asks for, if it does.
fn new_refund(order: &LockedOrder, message: Message, happening: &Happening) -> Option<NewRefund> {
    match (message, happening) {
        (Message::RequestAskedRefund { .. }, Happening::RefundAsked(asked)) => Some(asked.clone()),
        (Message::RequestAutomaticRefund { amount }, _) => Some(NewRefund {
            id: automatic_refund(order.id),
            order: order.id,
            amount_minor: amount,
            reason: order.reason.clone().unwrap_or_default(),
            requested_by: None,
        }),
        _ => None,
    }
}
