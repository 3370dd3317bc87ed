//! Decides requests for holds, many in one transaction: all lines of an order or none.
//!
//! Rows are locked last and for as short as possible: holds first, then stock in the order of its ids, then one statement
//! that changes it. A batch that fails is tried in halves, so that one bad request fails alone.

use std::collections::{BTreeMap, BTreeSet};

use chassis::{Database, Problem, database::Unavailable, failpoint, planted, worker::Wake};
use chrono::{DateTime, Utc};
use contracts::{OrderId, VariantId};
use sqlx::PgConnection;

use crate::{
    bookkeeping, db,
    db::holds::Stored,
    domain::{
        allocation::{self, Decision, Portion, Request, Supply, Wish},
        hold::{Hold, State},
        shelf::{Posting, Shelf, Shelves},
    },
    metrics::InventoryMetrics,
};

/// How often a batch is tried again that got in the way of another transaction.
const MAX_COLLISIONS: u32 = 3;

/// What came of a request.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The goods are held now.
    Held(DateTime<Utc>),
    /// They were held before, by the same request.
    Repeated(DateTime<Utc>),
    /// For each line, in their order, what could have been had.
    Short(Vec<Supply>),
    /// The order's hold was released or has expired.
    Ended(State),
    /// The order's hold is for other goods.
    Differs,
    /// Nothing is known to have happened.
    Failed(Failure),
}

impl Outcome {
    /// For the metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::Repeated(_) => "repeated",
            Self::Short(_) => "short",
            Self::Ended(_) => "ended",
            Self::Differs => "differs",
            Self::Failed(_) => "failed",
        }
    }
}

/// Why a batch brought no outcome, shared by all that were in it.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The database is away or busy.
    Unavailable(String),
    /// A fault of ours.
    Internal(String),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable(reason) => Self::unavailable(
                "Stock cannot be held right now.",
                anyhow::Error::msg(reason),
            ),
            Failure::Internal(reason) => Self::internal(anyhow::Error::msg(reason)),
        }
    }
}

/// Does the deciding.
#[derive(Clone)]
pub(crate) struct Clerk {
    pub(crate) database: Database,
    pub(crate) outbox: Wake,
    pub(crate) metrics: InventoryMetrics,
}

impl Clerk {
    /// The outcome of each request, in their order. No order may be named twice.
    pub(crate) async fn handle(&self, requests: &[Request]) -> Vec<Outcome> {
        let mut collisions = 0;
        let error = loop {
            match self.attempt(requests).await {
                Ok(outcomes) => return outcomes,
                Err(error) if is_collision(&error) && collisions < MAX_COLLISIONS => {
                    collisions += 1;
                }
                Err(error) => break error,
            }
        };
        let reason = format!("{error:#}");
        if is_transient(&error) {
            return vec![Outcome::Failed(Failure::Unavailable(reason)); requests.len()];
        }
        match requests {
            [] => Vec::new(),
            [_] => vec![Outcome::Failed(Failure::Internal(reason))],
            several => {
                tracing::warn!(
                    requests = several.len(),
                    error = reason,
                    "a batch of holds failed, it is tried in halves"
                );
                let (first, second) = several.split_at(several.len() / 2);
                let mut outcomes = Box::pin(self.handle(first)).await;
                outcomes.extend(Box::pin(self.handle(second)).await);
                outcomes
            }
        }
    }

    async fn attempt(&self, requests: &[Request]) -> anyhow::Result<Vec<Outcome>> {
        let mut tx = self.database.begin().await?;
        let made = db::holds::insert(&mut tx, requests).await?;
        failpoint::hit("inventory.holds.after_insert");
        let (fresh, known): (Vec<_>, Vec<_>) = requests
            .iter()
            .cloned()
            .partition(|request| made.contains_key(&request.order_id));
        let mut outcomes = repeated(&mut tx, &known).await?;
        let mut posting = Posting::default();
        if !fresh.is_empty() {
            let mut shelves = Shelves::new(lock(&mut tx, &fresh).await?);
            let decisions = allocation::decide(&fresh, &mut shelves)?;
            posting = bookkeeping::post(&mut tx, shelves).await?;
            store(&mut tx, &fresh, &decisions).await?;
            outcomes.extend(told(&fresh, decisions, &made));
        }
        failpoint::hit("inventory.holds.before_commit");
        tx.commit().await?;
        failpoint::hit("inventory.holds.after_commit");
        self.committed(&posting);
        let in_order = requests.iter().map(|request| {
            let outcome = outcomes.remove(&request.order_id);
            // Its hold went away between two statements: whoever asks again finds out.
            let gone = || Failure::Unavailable("the hold went away meanwhile".to_owned());
            outcome.unwrap_or_else(|| Outcome::Failed(gone()))
        });
        Ok(in_order.collect())
    }

    fn committed(&self, posting: &Posting) {
        for shelf in &posting.alerts {
            let level = shelf.level.name();
            self.metrics.alerts.with_label_values(&[level]).inc();
        }
        if !posting.alerts.is_empty() {
            self.outbox.wake();
        }
    }
}

/// The shelves of everything that is asked for.
async fn lock(connection: &mut PgConnection, requests: &[Request]) -> sqlx::Result<Vec<Shelf>> {
    let lines = requests.iter().flat_map(|request| &request.lines);
    if planted::is_planted("unordered_stock_locks") {
        let named: Vec<VariantId> = lines.map(|line| line.variant_id).collect();
        return db::stock::lock_of_variants_as_named(connection, &named).await;
    }
    let variants: BTreeSet<VariantId> = lines.map(|line| line.variant_id).collect();
    let variants: Vec<VariantId> = variants.into_iter().collect();
    db::stock::lock_of_variants(connection, &variants).await
}

/// Keeps the portions of orders that got theirs, and takes the holds of the others back.
async fn store(
    connection: &mut PgConnection,
    requests: &[Request],
    decisions: &[Decision],
) -> sqlx::Result<()> {
    let mut granted: Vec<&Hold> = Vec::new();
    let mut refused: Vec<OrderId> = Vec::new();
    for (request, decision) in requests.iter().zip(decisions) {
        match decision {
            Decision::Held(hold) => granted.push(hold),
            Decision::Short(_) => refused.push(request.order_id),
        }
    }
    if !granted.is_empty() {
        db::holds::insert_portions(connection, &granted).await?;
    }
    if !refused.is_empty() {
        db::holds::delete(connection, &refused).await?;
    }
    Ok(())
}

fn told(
    requests: &[Request],
    decisions: Vec<Decision>,
    made: &BTreeMap<OrderId, DateTime<Utc>>,
) -> BTreeMap<OrderId, Outcome> {
    let outcomes = requests.iter().zip(decisions).map(|(request, decision)| {
        let outcome = match decision {
            Decision::Held(_) => Outcome::Held(made[&request.order_id]),
            Decision::Short(supplies) => Outcome::Short(supplies),
        };
        (request.order_id, outcome)
    });
    outcomes.collect()
}

/// What is said to orders that have a hold already.
async fn repeated(
    connection: &mut PgConnection,
    requests: &[Request],
) -> sqlx::Result<BTreeMap<OrderId, Outcome>> {
    if requests.is_empty() {
        return Ok(BTreeMap::new());
    }
    let orders: Vec<OrderId> = requests.iter().map(|request| request.order_id).collect();
    let stored = db::holds::find(connection, &orders).await?;
    let mut portions = db::holds::portions(connection, &orders).await?;
    let mut outcomes = BTreeMap::new();
    for stored in stored {
        let wishes = requests
            .iter()
            .find(|request| request.order_id == stored.order_id)
            .map_or_else(Vec::new, Request::wishes);
        let portions = portions.remove(&stored.order_id).unwrap_or_default();
        outcomes.insert(stored.order_id, compared(&stored, &portions, &wishes));
    }
    Ok(outcomes)
}

fn compared(stored: &Stored, portions: &[Portion], wishes: &[Wish]) -> Outcome {
    let (State::Held | State::Committed, Some(expires_at)) = (stored.state, stored.expires_at)
    else {
        return Outcome::Ended(stored.state);
    };
    let held = portions
        .iter()
        .map(|portion| (portion.variant_id, portion.quantity));
    if allocation::merged(held) == wishes {
        Outcome::Repeated(expires_at)
    } else {
        Outcome::Differs
    }
}

fn database_error(error: &anyhow::Error) -> Option<&sqlx::Error> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<sqlx::Error>())
}

fn code(error: &anyhow::Error) -> Option<String> {
    let database = database_error(error)?.as_database_error()?;
    Some(database.code()?.into_owned())
}

/// Another transaction was in the way, and is not any more.
fn is_collision(error: &anyhow::Error) -> bool {
    code(error).is_some_and(|code| code.starts_with("40"))
}

/// The same may succeed later, and halves of it would not succeed now.
fn is_transient(error: &anyhow::Error) -> bool {
    if error
        .chain()
        .any(<dyn std::error::Error>::is::<Unavailable>)
    {
        return true;
    }
    // Connection lost, collided too often, out of resources, lock or statement timeout, restart.
    let classes = ["08", "40", "53", "57"];
    match code(error) {
        Some(code) => code == "55P03" || classes.iter().any(|class| code.starts_with(class)),
        None => matches!(
            database_error(error),
            Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
        ),
    }
}
