//! Finds what a list shows: looks the filter's names up, counts what matches, and decides whether to forgive typing
//! mistakes.

use std::time::Duration;

use sqlx::PgConnection;

use crate::{
    db::{self, products::Matching},
    domain::filter::Filter,
    memory::Memory,
};

/// How long a number may be behind what other replicas have written.
const COUNT_TTL: Duration = Duration::from_secs(5);
/// Smaller numbers are counted anew each time: an index finds them at once, and they are never behind.
const DEAR: i64 = 1_000;
/// Filters whose numbers are remembered.
const MAX_COUNTS: u64 = 2_000;

/// What a filter finds.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) matching: Matching,
    pub(crate) total: i64,
}

impl Found {
    /// Whether counting it again would cost noticeable time.
    pub(crate) fn is_dear(&self) -> bool {
        self.total >= DEAR
    }
}

/// Why nothing can be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no category {0:?}")]
    UnknownCategory(String),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// What filters find, as of a moment ago.
pub(crate) fn memory() -> Memory<Filter, Found> {
    Memory::new(MAX_COUNTS, COUNT_TTL)
}

/// What `filter` finds now.
pub(crate) async fn find(connection: &mut PgConnection, filter: &Filter) -> Result<Found, Error> {
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
