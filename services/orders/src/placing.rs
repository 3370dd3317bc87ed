//! Writes new orders: one alone in one statement, and those that come at the same time together in one.
//!
//! At most [`WRITERS`] statements run at a time. What comes meanwhile queues up, and whoever gets to write next writes
//! everything that has queued up. So nobody waits for a timer, a lone request costs one round trip, and under load a round trip
//! and a commit are shared by up to [`BATCH`] orders.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use chassis::{Database, Problem};
use contracts::OrderId;
use tokio::sync::{Semaphore, oneshot};

use crate::db::{self, placing::NewOrder};

/// Statements at a time.
const WRITERS: usize = 2;
/// Orders in one statement.
const BATCH: usize = 32;

/// Writes new orders. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Placing {
    database: Database,
    queue: Arc<Mutex<VecDeque<Queued>>>,
    writers: Arc<Semaphore>,
}

struct Queued {
    order: NewOrder,
    answer: oneshot::Sender<Outcome>,
}

/// The order's number; None when its key is taken.
type Outcome = Result<Option<String>, Problem>;

impl Placing {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            queue: Arc::default(),
            writers: Arc::new(Semaphore::new(WRITERS)),
        }
    }

    /// Writes it; gives its number, or None when its key is taken.
    pub(crate) async fn place(&self, order: &NewOrder) -> Outcome {
        loop {
            if let Some(outcome) = self.write_in_turn(order.clone()).await {
                return outcome;
            }
            // Whoever was writing it was cancelled, perhaps after the commit: the same again finds out.
        }
    }

    /// None when nobody can say what became of it.
    async fn write_in_turn(&self, order: NewOrder) -> Option<Outcome> {
        let mut answer = self.enqueue(order);
        loop {
            tokio::select! {
                biased;
                outcome = &mut answer => return outcome.ok(),
                permit = self.writers.acquire() => {
                    let permit = permit.expect("BUG: the semaphore is never closed");
                    let has_written = self.write_some().await;
                    drop(permit);
                    if !has_written {
                        // Somebody else is writing it.
                        return answer.await.ok();
                    }
                }
            }
        }
    }

    fn enqueue(&self, order: NewOrder) -> oneshot::Receiver<Outcome> {
        let (answer, receiver) = oneshot::channel();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(Queued { order, answer });
        receiver
    }

    /// Writes what has queued up first; says whether there was anything. Nothing is left to nobody: each request that waits
    /// also waits to write.
    async fn write_some(&self) -> bool {
        let queued = self.take();
        if queued.is_empty() {
            return false;
        }
        let (orders, answers): (Vec<_>, Vec<_>) = queued
            .into_iter()
            .filter(|queued| !queued.answer.is_closed())
            .map(|queued| (queued.order, queued.answer))
            .unzip();
        let outcomes = self.write(&orders).await;
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Nobody listens any more where a client has gone away.
            let _ = answer.send(outcome);
        }
        true
    }

    fn take(&self) -> Vec<Queued> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let number = queue.len().min(BATCH);
        queue.drain(..number).collect()
    }

    async fn write(&self, orders: &[NewOrder]) -> Vec<Outcome> {
        match self.insert(orders).await {
            Ok(mut numbers) => orders
                .iter()
                .map(|order| Ok(numbers.remove(&order.id)))
                .collect(),
            Err(problem) if orders.len() == 1 => vec![Err(problem)],
            // One of them may be what is wrong: the others must not suffer for it.
            Err(_) => {
                let mut outcomes = Vec::with_capacity(orders.len());
                for order in orders {
                    let numbers = self.insert(std::slice::from_ref(order)).await;
                    outcomes.push(numbers.map(|mut numbers| numbers.remove(&order.id)));
                }
                outcomes
            }
        }
    }

    async fn insert(&self, orders: &[NewOrder]) -> Result<HashMap<OrderId, String>, Problem> {
        let mut ids = HashSet::new();
        // Of twins that came at the same time, the second finds the key taken.
        let orders: Vec<NewOrder> = orders
            .iter()
            .filter(|order| ids.insert(order.id))
            .cloned()
            .collect();
        if orders.is_empty() {
            return Ok(HashMap::new());
        }
        let mut connection = self.database.acquire().await?;
        let numbers = db::placing::insert_all(&mut connection, &orders).await?;
        Ok(numbers.into_iter().collect())
    }
}
