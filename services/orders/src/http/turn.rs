//! What all requests have in common that make an order take a turn: lock it, see who is asking, compare versions, let the
//! saga decide, commit, show what has become of it.

use chassis::{
    Json, Problem,
    audit::{self, Change},
    auth::Principal,
    failpoint,
    problem::STALE_VERSION,
};
use contracts::OrderId;
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};

use super::{
    access::{Relation, no_such_order},
    order_body::OrderBody,
};
use crate::{
    assembly::State,
    db::{self, turns::LockedOrder},
    domain::progress::Refusal,
    problems::{ORDER_STATE, REFUND_TOO_LARGE},
    saga::{News, Refused, Signal},
};

/// An order that a request has locked.
pub(super) struct Turning {
    pub(super) tx: Transaction<'static, Postgres>,
    pub(super) order: LockedOrder,
    /// Who asks.
    by: Principal,
    /// What whoever asks is to it; None where that is nothing.
    relation: Option<Relation>,
}

impl Turning {
    /// Locks the order. A 404 if there is none.
    pub(super) async fn begin(
        state: &State,
        principal: Principal,
        id: OrderId,
    ) -> Result<Self, Problem> {
        let mut tx = state.database.begin().await?;
        let order = db::turns::lock(&mut tx, &[id]).await?.pop();
        let order = order.ok_or_else(no_such_order)?;
        let lines = db::views::lines(&mut tx, &[id]).await?;
        let relation = Relation::of(principal, order.user, &lines).ok();
        Ok(Self {
            tx,
            order,
            by: principal,
            relation,
        })
    }

    /// What whoever asks is to the order; a 404 if that is nothing.
    pub(super) fn relation(&self) -> Result<Relation, Problem> {
        self.relation.ok_or_else(no_such_order)
    }

    /// Refuses a change that was made from another version than the current one.
    pub(super) fn expect_version(&self, version: Option<i64>) -> Result<(), Problem> {
        let current = self.order.progress.version;
        match version {
            Some(version) if version != current => {
                let detail = format!(
                    "The order has version {current}, the request was made from {version}."
                );
                Err(Problem::new(&STALE_VERSION, detail).with("currentVersion", current))
            }
            _ => Ok(()),
        }
    }

    /// Lets the saga decide.
    pub(super) async fn signal(
        &mut self,
        state: &State,
        signal: Signal,
    ) -> Result<Vec<News>, NotDone> {
        let mut advanced = state.saga.advance(&mut self.tx, &[signal]).await?;
        match advanced.outcomes.pop() {
            Some(Err(refused)) => Err(NotDone::Refused(refused)),
            Some(Ok(())) | None => Ok(advanced.news),
        }
    }

    /// Notes who did it, commits, and tells whoever waits.
    pub(super) async fn commit(
        mut self,
        state: &State,
        news: &[News],
        action: &'static str,
    ) -> Result<(), Problem> {
        let after = db::turns::lock(&mut self.tx, &[self.order.id]).await?.pop();
        let change = Change {
            by: self.by,
            action,
            subject_kind: "order",
            subject_id: self.order.id.to_string(),
            before: facts(&self.order),
            after: after.as_ref().map_or(Value::Null, facts),
        };
        audit::record(&mut self.tx, &change).await?;
        failpoint::hit("orders.turn_before_commit");
        self.tx.commit().await?;
        failpoint::hit("orders.turn_after_commit");
        state.saga.committed(news);
        Ok(())
    }

    /// What is answered to a signal that is refused.
    pub(super) fn refused(&self, refused: NotDone) -> Problem {
        let refused = match refused {
            NotDone::Refused(refused) => refused,
            NotDone::Database(error) => return error.into(),
        };
        let progress = &self.order.progress;
        match refused {
            Refused::Domain(Refusal::NotNow(why)) => order_state(&self.order, why),
            Refused::Domain(Refusal::Stale) => {
                order_state(&self.order, "that has happened already")
            }
            Refused::Domain(Refusal::TooMuch { left }) => {
                let left = self.order.money(left);
                let detail = format!("At most {left} of this order can still go back.");
                Problem {
                    errors: vec![chassis::FieldError::new(
                        "amount",
                        format!("must be at most {left}"),
                    )],
                    ..Problem::new(&REFUND_TOO_LARGE, detail)
                }
                .with("currentVersion", progress.version)
            }
            Refused::UnknownOrder => no_such_order(),
            other => Problem::internal(other),
        }
    }
}

/// What the audit trail keeps of an order; nothing of whoever ordered.
fn facts(order: &LockedOrder) -> Value {
    let progress = &order.progress;
    json!({
        "state": progress.state.name(),
        "version": progress.version,
        "refunded": order.money(progress.refunded),
        "refunding": order.money(progress.refunding),
        "carrier": order.carrier,
        "trackingNumber": order.tracking_number,
        "reason": order.reason,
    })
}

/// Why a signal had no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotDone {
    #[error(transparent)]
    Refused(Refused),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

fn order_state(order: &LockedOrder, why: &str) -> Problem {
    let state = order.progress.state.name();
    let detail = format!("The order {} is {state}: {why}.", order.number);
    Problem::new(&ORDER_STATE, detail)
        .with("state", state)
        .with("currentVersion", order.progress.version)
}

/// The order as whoever asked sees it.
pub(super) async fn show(
    state: &State,
    principal: Principal,
    relation: Relation,
    id: OrderId,
) -> Result<Json<OrderBody>, Problem> {
    let mut connection = state.database.acquire().await?;
    let view = db::views::get(&mut connection, id)
        .await?
        .ok_or_else(no_such_order)?;
    Ok(Json(if relation.sees_everything() {
        OrderBody::whole(view)
    } else {
        OrderBody::for_seller(view, principal.user.into())
    }))
}
