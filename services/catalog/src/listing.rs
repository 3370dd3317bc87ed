//! Finds what a list shows: looks the filter's names up, counts what matches, and decides whether to forgive typing
//! mistakes.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sqlx::PgConnection;

use crate::{
    db::{self, products::Matching},
    domain::filter::Filter,
};

/// How long a number may be behind what other replicas have written.
const COUNT_TTL: Duration = Duration::from_secs(5);
/// Filters whose numbers are remembered.
const MAX_COUNTS: u64 = 2_000;

/// What a filter finds.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) matching: Matching,
    pub(crate) total: i64,
}

/// Why nothing can be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no category {0:?}")]
    UnknownCategory(String),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Remembers for a moment how many products each filter finds: counting costs more than a page. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Listings {
    found: Cache<Filter, Arc<Found>>,
}

impl Default for Listings {
    fn default() -> Self {
        Self {
            found: Cache::builder()
                .max_capacity(MAX_COUNTS)
                .time_to_live(COUNT_TTL)
                .build(),
        }
    }
}

impl Listings {
    /// What `filter` finds, as of a moment ago.
    pub(crate) async fn find(
        &self,
        connection: &mut PgConnection,
        filter: &Filter,
    ) -> Result<Arc<Found>, Error> {
        if let Some(found) = self.found.get(filter).await {
            return Ok(found);
        }
        let found = Arc::new(find(connection, filter).await?);
        self.found.insert(filter.clone(), Arc::clone(&found)).await;
        Ok(found)
    }

    /// To be called after a commit that changed what some filter finds.
    pub(crate) fn forget(&self) {
        self.found.invalidate_all();
    }
}

async fn find(connection: &mut PgConnection, filter: &Filter) -> Result<Found, Error> {
    let category = match &filter.category {
        None => None,
        Some(slug) => match db::categories::find(connection, slug).await? {
            Some(category) => Some(category.id),
            None => return Err(Error::UnknownCategory(slug.clone())),
        },
    };
    let mut matching = Matching {
        category,
        vendor: filter.vendor,
        currency: filter.currency.code(),
        min_minor: filter.min_minor,
        max_minor: filter.max_minor,
        attributes: filter.attributes.jsonpath(),
        words: filter.words.clone(),
        fuzzy: false,
    };
    let mut total = db::products::count(connection, &matching).await?;
    if total == 0 && matching.words.is_some() {
        // Nothing contains the words: look for names that are nearly them.
        matching.fuzzy = true;
        total = db::products::count(connection, &matching).await?;
    }
    Ok(Found { matching, total })
}
