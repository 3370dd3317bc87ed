//! Carries out what orders ask of their holds, many in one transaction, and answers each command exactly once.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use chassis::{Correlation, Database, failpoint, planted};
use contracts::{OrderId, StockId, VariantId};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{
    bookkeeping, db,
    db::holds::Stored,
    domain::{
        allocation::Portion,
        hold::{Answer, Hold, State},
        shelf::{Impossible, Posting, Shelves},
    },
    events::{self, Causes, Told},
    metrics::InventoryMetrics,
};

/// What an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Give it the goods for good.
    Commit,
    /// Set them free.
    Release,
}

/// What was settled, to be counted.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) told: Vec<Told>,
    posting: Posting,
}

impl Settled {
    /// Counts it.
    pub(crate) fn count(&self, metrics: &InventoryMetrics) {
        for told in &self.told {
            let answer = match told.answer {
                Answer::Committed => "committed",
                Answer::CommitFailed(_) => "commit_failed",
                Answer::Released(contracts::inventory::ReleaseReason::Released) => "released",
                Answer::Released(contracts::inventory::ReleaseReason::Expired) => "expired",
            };
            metrics.answers.with_label_values(&[answer]).inc();
        }
        for shelf in &self.posting.alerts {
            metrics
                .alerts
                .with_label_values(&[shelf.level.name()])
                .inc();
        }
    }
}

/// Carries out one command after the other, in one transaction; each comes with what it belongs to.
pub(crate) async fn settle(
    tx: &mut Transaction<'static, Postgres>,
    command: Command,
    orders: &[(OrderId, Correlation)],
) -> anyhow::Result<Settled> {
    let distinct: BTreeSet<OrderId> = orders.iter().map(|(order, _)| *order).collect();
    let distinct: Vec<OrderId> = distinct.into_iter().collect();
    if !planted::is_planted("release_without_tombstone") {
        db::holds::insert_tombstones(tx, &distinct).await?;
    }
    let stored = db::holds::lock(tx, &distinct).await?;
    let mut case = Case::open(tx, stored, command == Command::Commit).await?;
    for (order, _) in orders {
        case.carry_out(*order, |hold, shelves| match command {
            Command::Commit => hold.commit(shelves).map(Some),
            Command::Release => hold.release(shelves).map(Some),
        })?;
    }
    failpoint::hit("inventory.settle.before_store");
    // A command that was sent twice is answered once more, in the trace of the later one.
    case.close(tx, &orders.iter().cloned().collect()).await
}

/// Sets free what nobody asked for in time: up to `limit` holds, in a transaction of its own.
pub(crate) async fn expire(database: &Database, limit: i64) -> anyhow::Result<Settled> {
    let mut tx = database.begin().await?;
    let due = if planted::is_planted("expiry_ignores_state") {
        let due = db::holds::lock_due_whatever_their_state(&mut tx, limit).await?;
        let held = |stored| Stored {
            state: State::Held,
            ..stored
        };
        due.into_iter().map(held).collect()
    } else {
        db::holds::lock_due(&mut tx, limit).await?
    };
    let orders: Vec<OrderId> = due.iter().map(|stored| stored.order_id).collect();
    let mut case = Case::open(&mut tx, due, false).await?;
    for order in orders {
        case.carry_out(order, Hold::expire)?;
    }
    let settled = case.close(&mut tx, &Causes::new()).await?;
    if settled.told.is_empty() {
        return Ok(settled);
    }
    failpoint::hit("inventory.expiry.before_commit");
    tx.commit().await?;
    failpoint::hit("inventory.expiry.after_commit");
    Ok(settled)
}

/// Locked holds with everything that they may touch.
struct Case {
    holds: BTreeMap<OrderId, Hold>,
    /// As they were.
    before: BTreeMap<OrderId, Vec<Portion>>,
    shelves: Shelves,
    told: Vec<Told>,
}

impl Case {
    /// Locks the shelves of these holds, and, if `anew`, those from which an expired one could be served now.
    async fn open(
        connection: &mut PgConnection,
        stored: Vec<Stored>,
        anew: bool,
    ) -> sqlx::Result<Self> {
        let orders: Vec<OrderId> = stored.iter().map(|stored| stored.order_id).collect();
        let mut before = BTreeMap::new();
        if !orders.is_empty() {
            before = db::holds::portions(connection, &orders).await?;
        }
        let mut holds = BTreeMap::new();
        let (mut stock, mut variants): (BTreeSet<StockId>, BTreeSet<VariantId>) =
            (BTreeSet::new(), BTreeSet::new());
        for stored in stored {
            let portions = before.get(&stored.order_id).cloned().unwrap_or_default();
            stock.extend(portions.iter().map(|portion| portion.shelf));
            if anew && stored.state == State::Expired {
                variants.extend(portions.iter().map(|portion| portion.variant_id));
            }
            holds.insert(stored.order_id, stored.with(portions));
        }
        let stock: Vec<StockId> = stock.into_iter().collect();
        let variants: Vec<VariantId> = variants.into_iter().collect();
        let mut shelves = Vec::new();
        if !stock.is_empty() {
            shelves = db::stock::lock(connection, &stock, &variants).await?;
        }
        Ok(Self {
            holds,
            before,
            shelves: Shelves::new(shelves),
            told: Vec::new(),
        })
    }

    fn carry_out(
        &mut self,
        order_id: OrderId,
        command: impl FnOnce(&mut Hold, &mut Shelves) -> Result<Option<Answer>, Impossible>,
    ) -> Result<(), Impossible> {
        let hold = self
            .holds
            .entry(order_id)
            .or_insert_with(|| Hold::tombstone(order_id));
        let answer = command(hold, &mut self.shelves)?;
        self.told.extend(answer.map(|answer| Told {
            order_id,
            version: hold.version,
            answer,
        }));
        Ok(())
    }

    /// Stores what has changed, and tells the orders.
    async fn close(
        self,
        tx: &mut Transaction<'static, Postgres>,
        causes: &Causes,
    ) -> anyhow::Result<Settled> {
        let changed: BTreeSet<OrderId> = self.told.iter().map(|told| told.order_id).collect();
        let changed: Vec<&Hold> = changed.iter().map(|order| &self.holds[order]).collect();
        let moved: Vec<&Hold> = changed
            .iter()
            .copied()
            .filter(|hold| {
                self.before
                    .get(&hold.order_id)
                    .map_or(&[][..], Vec::as_slice)
                    != hold.portions
            })
            .collect();
        if !changed.is_empty() {
            let updated = db::holds::update(tx, &changed).await?;
            ensure!(
                usize::try_from(updated) == Ok(changed.len())
                    || planted::is_planted("release_without_tombstone"),
                "BUG: {updated} of {} holds were there to be changed",
                changed.len()
            );
        }
        if !moved.is_empty() {
            let orders: Vec<OrderId> = moved.iter().map(|hold| hold.order_id).collect();
            db::holds::delete_portions(tx, &orders).await?;
            db::holds::insert_portions(tx, &moved).await?;
        }
        let posting = bookkeeping::post(tx, self.shelves).await?;
        events::publish_answers(tx, &self.told, causes).await?;
        Ok(Settled {
            told: self.told,
            posting,
        })
    }
}
