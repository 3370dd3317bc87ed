//! Asks again whoever owes an answer, and asks for the end of what was not paid in time.
//!
//! It repeats the very same events (their ids with them), so whoever has handled one already drops it. It never decides what
//! the answer would have been: a time-out may ask, never conclude.

use std::time::{Duration, Instant};

use chassis::{
    Database, clock, failpoint, planted,
    worker::{Step, Worker},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::{
    db::{self, turns::LockedOrder},
    domain::{order::State, progress::Event},
    events,
    saga::{self, Happening, News, Saga, Signal},
};

/// Orders in one step.
const LIMIT: i64 = 100;
/// How often those are counted that do not come to their end.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// The job.
pub(crate) struct MeetDeadlines {
    database: Database,
    saga: Saga,
    measured: Option<Instant>,
}

impl MeetDeadlines {
    pub(crate) fn new(database: Database, saga: Saga) -> Self {
        Self {
            database,
            saga,
            measured: None,
        }
    }

    async fn measure(&mut self) -> anyhow::Result<()> {
        if self.measured.is_some_and(|at| at.elapsed() < MEASURE_EVERY) {
            return Ok(());
        }
        let since = clock::now() - TimeDelta::seconds(i64::from(self.saga.settings.stuck_after_s));
        let mut connection = self.database.acquire().await?;
        let stuck = db::deadlines::stuck(&mut connection, since).await?;
        self.saga.metrics.stuck.set(stuck);
        self.measured = Some(Instant::now());
        Ok(())
    }

    fn is_overdue(&self, order: &LockedOrder, now: DateTime<Utc>) -> bool {
        let limit =
            TimeDelta::from_std(self.saga.settings.payment_limit()).unwrap_or(TimeDelta::MAX);
        matches!(order.progress.state, State::Pending | State::PaymentPending)
            && order.placed_at + limit <= now
    }

    async fn end(
        &self,
        connection: &mut PgConnection,
        overdue: &[LockedOrder],
    ) -> sqlx::Result<Vec<News>> {
        let happened = |order: &LockedOrder, event| Signal {
            order: order.id,
            happening: Happening::Plain(event),
            cause: "deadline",
            cause_id: None,
            correlation: None,
            reason: None,
        };
        let mut signals = Vec::with_capacity(overdue.len());
        for order in overdue {
            signals.push(happened(order, Event::TimeRanOut));
            if planted::is_planted("conclude_on_deadline") {
                // The defect: what nobody has answered is taken for answered.
                signals.push(happened(order, Event::PaymentCancelled));
                signals.push(happened(order, Event::StockReleased { is_expiry: false }));
            }
        }
        Ok(self.saga.advance(connection, &signals).await?.news)
    }

    async fn ask_again(
        &self,
        connection: &mut PgConnection,
        order: &LockedOrder,
        now: DateTime<Utc>,
    ) -> sqlx::Result<u64> {
        let questions = order.progress.outstanding();
        let subjects: Vec<String> = questions.into_iter().filter_map(events::subject).collect();
        let repeated = db::outbox::send_again(connection, order.id, &subjects).await?;
        let next = saga::deadline(&order.progress, order.placed_at, &self.saga.settings, now);
        if let Some(next) = next {
            db::deadlines::postpone(connection, order.id, next).await?;
        }
        Ok(repeated)
    }
}

impl Worker for MeetDeadlines {
    const NAME: &'static str = "meet_deadlines";

    async fn step(&mut self) -> anyhow::Result<Step> {
        self.measure().await?;
        let now = clock::now();
        let mut tx = self.database.begin().await?;
        let due = db::turns::lock_due(&mut tx, now, LIMIT).await?;
        if due.is_empty() {
            return Ok(Step::Idle);
        }
        let (overdue, waiting): (Vec<_>, Vec<_>) = due
            .into_iter()
            .partition(|order| self.is_overdue(order, now));
        let news = self.end(&mut tx, &overdue).await?;
        failpoint::hit("orders.deadline_mid_batch");
        let mut repeated = 0;
        for order in &waiting {
            repeated += self.ask_again(&mut tx, order, now).await?;
        }
        failpoint::hit("orders.deadline_before_commit");
        tx.commit().await?;
        failpoint::hit("orders.deadline_after_commit");
        self.saga.committed(&news);
        self.saga.metrics.repeated(repeated);
        self.saga.outbox.wake();
        tracing::info!(
            overdue = overdue.len(),
            asked_again = waiting.len(),
            repeated,
            "deadlines passed"
        );
        Ok(Step::Worked(overdue.len() + waiting.len()))
    }
}
