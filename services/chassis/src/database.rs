//! The service's own PostgreSQL database: a small pool that measures how long tasks wait for it.

use std::{
    future::ready,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::FutureExt as _;
use prometheus::{Histogram, IntGauge};
use sqlx::{
    Connection as _, PgPool, Postgres, Transaction,
    migrate::Migrator,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    Secret,
    metrics::{Metrics, POOL_CONNECTIONS, POOL_MAX, POOL_PENDING, POOL_WAIT},
};

/// Connections per process. More of them make PostgreSQL slower, not faster.
const MAX_CONNECTIONS: u32 = 8;
/// A request that waits longer than this for a connection is better answered with 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that rested longer than this is asked whether it still lives before it is used. Pinging each time would
/// cost a quarter of the throughput of small reads; never pinging would fail requests after a restart of the server.
const TRUSTED_REST: Duration = Duration::from_secs(1);

/// Where the database is and who we are there.
pub fn options(
    url: &str,
    password: Option<&Secret>,
    service: &str,
) -> anyhow::Result<PgConnectOptions> {
    let options: PgConnectOptions = url
        .parse()
        .with_context(|| format!("{url:?} is not a PostgreSQL URL"))?;
    let options = options.application_name(service).options([
        // A request must not hold a connection for longer than its client waits.
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ]);
    Ok(match password {
        Some(password) => options.password(password.expose()),
        None => options,
    })
}

/// There is no connection to be had, for whatever reason: nothing has been asked of the database yet.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the database")]
pub struct Unavailable(#[source] sqlx::Error);

/// The pool with its metrics. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    pending: IntGauge,
    wait: Histogram,
}

impl Database {
    /// A pool that connects when it is first used: a service starts, and answers 503, without its database.
    pub fn new(options: PgConnectOptions, metrics: &Metrics) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_mins(1))
            .test_before_acquire(false)
            .before_acquire(|connection, rest| {
                if rest.idle_for < TRUSTED_REST {
                    return ready(Ok(true)).boxed();
                }
                async move { connection.ping().await.map(|()| true) }.boxed()
            })
            .connect_lazy_with(options);
        let none: [&str; 0] = [];
        let database = Self {
            pool,
            pending: metrics.gauge(&POOL_PENDING).with_label_values(&none),
            wait: metrics.histogram(&POOL_WAIT).with_label_values(&none),
        };
        metrics
            .gauge(&POOL_MAX)
            .with_label_values(&none)
            .set(i64::from(MAX_CONNECTIONS));
        database.report_connections(metrics);
        database
    }

    /// A connection for reading.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, Unavailable> {
        self.timed(self.pool.acquire()).await
    }

    /// A transaction. Dropped without `commit`, it is as though it had never been.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, Unavailable> {
        self.timed(self.pool.begin()).await
    }

    /// The pool itself, for what needs a connection of its own.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Whether the database answers.
    pub async fn check(&self) -> anyhow::Result<()> {
        let mut connection = self.acquire().await?;
        sqlx::query("select 1").execute(&mut *connection).await?;
        Ok(())
    }

    async fn timed<T>(
        &self,
        acquire: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, Unavailable> {
        let waiting = Waiting::new(&self.pending);
        let started = Instant::now();
        let outcome = acquire.await;
        self.wait.observe(started.elapsed().as_secs_f64());
        drop(waiting);
        outcome.map_err(Unavailable)
    }

    fn report_connections(&self, metrics: &Metrics) {
        let gauge = metrics.gauge(&POOL_CONNECTIONS);
        let (idle, used) = (
            gauge.with_label_values(&["idle"]),
            gauge.with_label_values(&["used"]),
        );
        let pool = self.pool.clone();
        metrics.before_scrape(move || {
            let resting = i64::try_from(pool.num_idle()).unwrap_or(i64::MAX);
            idle.set(resting);
            used.set((i64::from(pool.size()) - resting).max(0));
        });
    }
}

/// Counts a task as waiting until it is dropped, also when its request is cancelled.
struct Waiting<'a>(&'a IntGauge);

impl<'a> Waiting<'a> {
    fn new(gauge: &'a IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Brings the schema up to date, under a lock, so that several replicas may start at once.
pub async fn migrate(options: &PgConnectOptions, migrator: &Migrator) -> anyhow::Result<()> {
    let options = options
        .clone()
        .options([("statement_timeout", "0"), ("lock_timeout", "10s")]);
    let mut connection = sqlx::PgConnection::connect_with(&options)
        .await
        .context("cannot reach the database")?;
    migrator
        .run(&mut connection)
        .await
        .context("a migration failed")?;
    connection.close().await?;
    tracing::info!(
        migrations = migrator.iter().count(),
        "the schema is up to date"
    );
    Ok(())
}

/// Turns the violation of a constraint into the domain's own error: the constraint is the check.
pub trait OnConstraint<T> {
    /// `error` where the named constraint was violated; every other error stays as it is.
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        name: &str,
        error: impl FnOnce() -> E,
    ) -> Result<T, E>;
}

impl<T> OnConstraint<T> for sqlx::Result<T> {
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        name: &str,
        error: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.map_err(|source| match &source {
            sqlx::Error::Database(database) if database.constraint() == Some(name) => error(),
            _ => E::from(source),
        })
    }
}
