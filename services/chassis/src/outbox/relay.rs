//! Sends the outbox to the broker, the events of an aggregate in order, once, and again when in doubt.
//!
//! Of all replicas one is the leader: the one whose connection holds an advisory lock. It reads and marks rows over that
//! same connection, so a leader that has lost its lock cannot mark anything. Two leaders would only send
//! duplicates, which the broker and the consumers drop.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_nats::jetstream::context::PublishErrorKind;
use prometheus::{IntCounterVec, IntGauge};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{
    memory::{self, Place},
    wave::{self, Row},
};
use crate::{
    Broker,
    broker::Stream,
    failpoint,
    metrics::{Metrics, OUTBOX_OLDEST_AGE, OUTBOX_PENDING, OUTBOX_PUBLISHED},
    planted,
    worker::{Step, Worker},
};

/// Rows per step.
const BATCH: usize = 500;
/// "outbox" in ASCII: the advisory lock of the leader, in each service's own database.
const LEADER_LOCK: i64 = 0x6f75_7462_6f78;
/// How often the backlog is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// What a relay works with.
pub struct RelayConfig {
    /// The service's name, the `source` of its events.
    pub service: &'static str,
    /// Where its events go.
    pub stream: Stream,
    /// Its database.
    pub database: PgConnectOptions,
    /// The broker.
    pub broker: Broker,
}

/// The worker that sends the outbox.
pub struct Relay {
    config: RelayConfig,
    /// Kept while waiting to lead, too: one connection, not one for each try.
    connection: Option<PgConnection>,
    leads: bool,
    /// The broker's connection on which the stream was last compared with the outbox.
    compared: Option<u64>,
    measured: Option<Instant>,
    gauges: Gauges,
}

struct Gauges {
    pending: IntGauge,
    oldest_age_s: IntGauge,
    published: IntCounterVec,
}

impl Relay {
    /// A relay that does not lead yet.
    pub fn new(config: RelayConfig, metrics: &Metrics) -> Self {
        let none: [&str; 0] = [];
        let gauges = Gauges {
            pending: metrics.gauge(&OUTBOX_PENDING).with_label_values(&none),
            oldest_age_s: metrics.gauge(&OUTBOX_OLDEST_AGE).with_label_values(&none),
            published: metrics.counter(&OUTBOX_PUBLISHED),
        };
        for outcome in ["acknowledged", "failed"] {
            gauges.published.with_label_values(&[outcome]);
        }
        Self {
            config,
            connection: None,
            leads: false,
            compared: None,
            measured: None,
            gauges,
        }
    }

    /// Sends one batch over the leader's connection.
    async fn relay(&mut self, connection: &mut PgConnection) -> anyhow::Result<Step> {
        self.measure(connection).await?;
        self.config.broker.check()?;
        let connected = self.config.broker.connections();
        if self.compared != Some(connected) {
            self.compare(connection).await?;
            self.compared = Some(connected);
        }
        let rows = unsent(connection).await?;
        if rows.is_empty() {
            return Ok(Step::Idle);
        }
        failpoint::hit("relay.before_publish");
        if planted::is_planted("mark_before_acknowledgement") {
            mark_unconfirmed(connection, &rows).await?;
        }
        let (sent, failure) = wave::send(&self.config.broker, self.config.service, &rows).await;
        self.gauges
            .published
            .with_label_values(&["acknowledged"])
            .inc_by(sent.len() as u64);
        if !sent.is_empty() {
            failpoint::hit("relay.after_publish");
        }
        let lost = self.note_regression(connection, &rows, &sent).await?;
        mark(connection, &sent).await?;
        match failure {
            None if rows.len() < BATCH && lost == 0 => Ok(Step::Finished(rows.len())),
            None => Ok(Step::Worked(rows.len())),
            Some(error) => {
                self.gauges.published.with_label_values(&["failed"]).inc();
                if error.kind() == PublishErrorKind::StreamNotFound {
                    self.compared = None;
                }
                Err(error).context(
                    "an event was not acknowledged; it and those behind it stay in the outbox",
                )
            }
        }
    }

    /// Declares the stream, anew if the broker has lost it, and sends again what it has lost.
    async fn compare(&mut self, connection: &mut PgConnection) -> anyhow::Result<()> {
        let (broker, stream) = (&self.config.broker, self.config.stream);
        let place = Place::from(&broker.declare(stream).await?);
        let lost = memory::compare(connection, place, broker, stream).await?;
        if lost > 0 {
            tracing::warn!(
                stream = stream.name,
                lost,
                "the broker has lost events; they are sent again"
            );
        }
        Ok(())
    }

    /// A new event below a known place: an older copy of the stream was brought back under our feet. Gives the number of events that
    /// are to be sent again.
    async fn note_regression(
        &mut self,
        connection: &mut PgConnection,
        rows: &[Row],
        sent: &[wave::Sent],
    ) -> anyhow::Result<u64> {
        let highest = rows.first().map_or(0, Row::highest);
        let fresh = sent.iter().filter(|sent| !sent.is_duplicate);
        let lowest = fresh.map(|sent| sent.stream_seq).min();
        let Some(lowest) = lowest.filter(|lowest| *lowest <= highest) else {
            return Ok(0);
        };
        let lost = memory::forget_above(connection, lowest - 1).await?;
        tracing::warn!(lost, "the broker went back; what it has lost is sent again");
        Ok(lost)
    }

    async fn measure(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        if self.measured.is_some_and(|at| at.elapsed() < MEASURE_EVERY) {
            return Ok(());
        }
        let (pending, oldest_age_s) = backlog(connection).await?;
        self.gauges.pending.set(pending);
        self.gauges.oldest_age_s.set(oldest_age_s);
        self.measured = Some(Instant::now());
        Ok(())
    }
}

impl Worker for Relay {
    const NAME: &'static str = "outbox_relay";
    const GATHER: Duration = Duration::from_millis(5);

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.config.database).await?,
        };
        if !self.leads && !lead(&mut connection).await? {
            self.connection = Some(connection);
            return Ok(Step::Idle);
        }
        self.leads = true;
        let outcome = self.relay(&mut connection).await;
        // A connection that is broken is dropped, and the lock with it: the next step begins anew.
        self.leads = outcome.is_ok() || connection.ping().await.is_ok();
        self.connection = self.leads.then_some(connection);
        outcome
    }
}

async fn connect(options: &PgConnectOptions) -> anyhow::Result<PgConnection> {
    PgConnection::connect_with(options)
        .await
        .context("the relay cannot reach the database")
}

/// Takes the lock, if no other replica holds it.
async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let leads: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
        .bind(LEADER_LOCK)
        .fetch_one(connection)
        .await?;
    if leads {
        tracing::info!("this replica relays the outbox");
    }
    Ok(leads)
}

async fn unsent(connection: &mut PgConnection) -> sqlx::Result<Vec<Row>> {
    let limit = i64::try_from(BATCH).expect("BUG: the batch is small");
    sqlx::query_as(
        "select id, event_id, subject, aggregate_id, aggregate_version, payload::text as payload, created_at, traceparent,
           causation_id, (select coalesce(max(stream_seq), 0) from outbox) as highest
         from outbox
         where stream_seq is null
         order by id
         limit $1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// The planted defect: an event counts as sent before the broker has it.
async fn mark_unconfirmed(connection: &mut PgConnection, rows: &[Row]) -> sqlx::Result<()> {
    let unconfirmed: Vec<_> = rows.iter().map(Row::unconfirmed).collect();
    mark(connection, &unconfirmed).await
}

/// Not waited for until it is on the disk: a mark that a crash of PostgreSQL loses is a duplicate, which the broker and the consumers
/// drop. (<https://www.postgresql.org/docs/current/wal-async-commit.html>)
async fn mark(connection: &mut PgConnection, sent: &[wave::Sent]) -> sqlx::Result<()> {
    if sent.is_empty() {
        return Ok(());
    }
    let (ids, sequences): (Vec<i64>, Vec<i64>) =
        sent.iter().map(|sent| (sent.row, sent.stream_seq)).unzip();
    sqlx::query(
        "update outbox
         set stream_seq = sent.stream_seq
         from unnest($1::bigint[], $2::bigint[]) as sent (id, stream_seq),
           (select set_config('synchronous_commit', 'off', true)) as unhurried
         where outbox.id = sent.id",
    )
    .bind(ids)
    .bind(sequences)
    .execute(connection)
    .await
    .map(drop)
}

/// How many rows wait, and for how many seconds the oldest does.
async fn backlog(connection: &mut PgConnection) -> sqlx::Result<(i64, i64)> {
    sqlx::query_as(
        "select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::bigint
         from outbox
         where stream_seq is null",
    )
    .fetch_one(connection)
    .await
}
