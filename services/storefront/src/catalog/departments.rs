//! The shop's departments, remembered for a few seconds: every page's header needs them, also while the catalogue is away.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{Catalog, Category, Error};

/// How long an answer is as good as a new one.
const FRESH: Duration = Duration::from_secs(5);

/// How long the catalogue is left alone after a failure, so that waiting for it is paid once and not by each request.
const REST: Duration = Duration::from_secs(1);

/// What is known, and when it was learnt.
#[derive(Debug, Default)]
struct Known {
    categories: Option<Arc<[Category]>>,
    fresh_until: Option<Instant>,
    resting_until: Option<Instant>,
}

/// The categories, asked for by one request at a time.
#[derive(Debug)]
pub(crate) struct Departments {
    catalog: Catalog,
    known: Mutex<Known>,
    refreshing: Mutex<()>,
}

impl Departments {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self {
            catalog,
            known: Mutex::default(),
            refreshing: Mutex::default(),
        }
    }

    /// The departments as of a few seconds ago; older ones when the catalogue does not answer; an error when it never has.
    pub(crate) async fn current(&self) -> Result<Arc<[Category]>, Error> {
        if let Some(settled) = self.settled().await {
            return settled;
        }
        // While one request asks, the others take what is old rather than wait.
        let _only_one = match self.refreshing.try_lock() {
            Ok(turn) => turn,
            Err(_) => match self.last_known().await {
                Some(stale) => return Ok(stale),
                None => self.refreshing.lock().await,
            },
        };
        match self.settled().await {
            Some(settled) => settled,
            None => self.refresh().await,
        }
    }

    /// What was last heard, without asking.
    pub(crate) async fn last_known(&self) -> Option<Arc<[Category]>> {
        self.known.lock().await.categories.clone()
    }

    /// An answer that needs no request, if there is one.
    async fn settled(&self) -> Option<Result<Arc<[Category]>, Error>> {
        let known = self.known.lock().await;
        let now = Instant::now();
        let waits = |until: Option<Instant>| until.is_some_and(|until| now < until);
        if !waits(known.fresh_until) && !waits(known.resting_until) {
            return None;
        }
        Some(known.categories.clone().ok_or(Error::Resting))
    }

    async fn refresh(&self) -> Result<Arc<[Category]>, Error> {
        let answer = self.catalog.categories().await;
        let mut known = self.known.lock().await;
        match answer {
            Ok(categories) => {
                let categories: Arc<[Category]> = categories.into();
                *known = Known {
                    categories: Some(Arc::clone(&categories)),
                    fresh_until: Some(Instant::now() + FRESH),
                    resting_until: None,
                };
                Ok(categories)
            }
            Err(error) => {
                known.resting_until = Some(Instant::now() + REST);
                known.categories.clone().ok_or(error)
            }
        }
    }
}
