//! Faults as they happen: the knobs in force, the dice, and the count of what really went wrong.
//!
//! Knobs and counts are kept in the database: a crash test kills this process too.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard},
    time::Duration,
};

use chassis::{Database, database::Unavailable, metrics::Metrics, process::Chain};
use prometheus::IntCounterVec;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    db,
    knobs::{Knobs, WebhookKnobs},
    metrics::FAULTS,
};

/// The longest that an event is held back so that later ones overtake it.
const HELD_BACK_MS: u64 = 2_000;

/// A fault that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Latency,
    Declined,
    ErrorBeforeApply,
    ErrorAfterApply,
    AnswerDropped,
    Hang,
    RateLimited,
    Outage,
    KeyInUse,
    WebhookDuplicated,
    WebhookDelayed,
    WebhookOutOfOrder,
    WebhookWrongSignature,
    WebhookOldTimestamp,
}

impl Fault {
    pub(crate) const ALL: [Self; 14] = [
        Self::Latency,
        Self::Declined,
        Self::ErrorBeforeApply,
        Self::ErrorAfterApply,
        Self::AnswerDropped,
        Self::Hang,
        Self::RateLimited,
        Self::Outage,
        Self::KeyInUse,
        Self::WebhookDuplicated,
        Self::WebhookDelayed,
        Self::WebhookOutOfOrder,
        Self::WebhookWrongSignature,
        Self::WebhookOldTimestamp,
    ];

    /// As the statistics call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Declined => "declined",
            Self::ErrorBeforeApply => "errorBeforeApply",
            Self::ErrorAfterApply => "errorAfterApply",
            Self::AnswerDropped => "answerDropped",
            Self::Hang => "hang",
            Self::RateLimited => "rateLimited",
            Self::Outage => "outage",
            Self::KeyInUse => "keyInUse",
            Self::WebhookDuplicated => "webhookDuplicated",
            Self::WebhookDelayed => "webhookDelayed",
            Self::WebhookOutOfOrder => "webhookOutOfOrder",
            Self::WebhookWrongSignature => "webhookWrongSignature",
            Self::WebhookOldTimestamp => "webhookOldTimestamp",
        }
    }
}

/// The knobs in force. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Inner>);

struct Inner {
    configured: Knobs,
    /// None until they have been read from the database.
    current: RwLock<Option<Arc<Knobs>>>,
    dice: Mutex<StdRng>,
    database: Database,
    happened: IntCounterVec,
}

impl Faults {
    pub(crate) fn new(configured: Knobs, database: Database, metrics: &Metrics) -> Self {
        let happened = metrics.counter(&FAULTS);
        for fault in Fault::ALL {
            happened.with_label_values(&[fault.name()]);
        }
        Self(Arc::new(Inner {
            dice: Mutex::new(StdRng::seed_from_u64(configured.seed)),
            configured,
            current: RwLock::default(),
            database,
            happened,
        }))
    }

    /// The knobs without any setting.
    pub(crate) fn configured(&self) -> &Knobs {
        &self.0.configured
    }

    /// The knobs in force; at first use, as an earlier process left them.
    pub(crate) async fn knobs(&self) -> Result<Arc<Knobs>, LoadError> {
        let known = self
            .0
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(knobs) = known {
            return Ok(knobs);
        }
        let mut connection = self.0.database.acquire().await?;
        let stored = db::knobs::load(&mut connection).await?;
        let knobs = stored
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_else(|| self.0.configured.clone());
        // A setting that came while the stored one was read is newer.
        let mut current = self.current();
        let in_force = current.get_or_insert_with(|| self.seeded(knobs));
        Ok(Arc::clone(in_force))
    }

    /// To be called after the setting is in the database.
    pub(crate) fn put(&self, knobs: Knobs) -> Arc<Knobs> {
        let mut current = self.current();
        Arc::clone(current.insert(self.seeded(knobs)))
    }

    fn current(&self) -> RwLockWriteGuard<'_, Option<Arc<Knobs>>> {
        self.0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The knobs, with the dice at their start.
    fn seeded(&self, knobs: Knobs) -> Arc<Knobs> {
        *self.0.dice.lock().unwrap_or_else(PoisonError::into_inner) =
            StdRng::seed_from_u64(knobs.seed);
        Arc::new(knobs)
    }

    /// Whether what happens at this rate happens now.
    pub(crate) fn strikes(&self, rate: f64) -> bool {
        rate > 0.0
            && self
                .0
                .dice
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .random::<f64>()
                < rate
    }

    /// Up to and including `most` milliseconds.
    fn up_to(&self, most: u64) -> u64 {
        if most == 0 {
            return 0;
        }
        self.0
            .dice
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random_range(0..=most)
    }

    /// Waits as a slow provider makes its clients wait.
    pub(crate) async fn lag(&self, knobs: &Knobs) {
        let pause = knobs.latency_ms + self.up_to(knobs.latency_jitter_ms);
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.happened(&[Fault::Latency]).await;
        }
    }

    /// How long an event waits before it is told, and why.
    pub(crate) fn webhook_delay(&self, knobs: &WebhookKnobs, struck: &mut Vec<Fault>) -> Duration {
        let mut delay = knobs.delay_ms;
        if delay > 0 {
            struck.push(Fault::WebhookDelayed);
        }
        if self.strikes(knobs.out_of_order) {
            delay += self.up_to(HELD_BACK_MS);
            struck.push(Fault::WebhookOutOfOrder);
        }
        Duration::from_millis(delay)
    }

    /// Counts what happened. Must not be called while holding a connection: the pool is small.
    pub(crate) async fn happened(&self, faults: &[Fault]) {
        if faults.is_empty() {
            return;
        }
        for fault in faults {
            self.0.happened.with_label_values(&[fault.name()]).inc();
        }
        let names: Vec<String> = faults.iter().map(|fault| fault.name().to_owned()).collect();
        let counted = async {
            let mut connection = self.0.database.acquire().await?;
            db::fault_counts::add(&mut connection, &names).await?;
            anyhow::Ok(())
        };
        if let Err(error) = counted.await {
            tracing::warn!(?faults, error = %Chain(&error), "faults could not be counted");
        }
    }
}

/// The knobs cannot be read.
#[derive(Debug)]
pub(crate) enum LoadError {
    Unavailable(Unavailable),
    Database(sqlx::Error),
}

impl From<Unavailable> for LoadError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<sqlx::Error> for LoadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<LoadError> for crate::error::Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable(error) => error.into(),
            LoadError::Database(error) => error.into(),
        }
    }
}

impl From<LoadError> for chassis::Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable(error) => error.into(),
            LoadError::Database(error) => error.into(),
        }
    }
}

impl From<LoadError> for anyhow::Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable(error) => error.into(),
            LoadError::Database(error) => error.into(),
        }
    }
}
