//! The parameters that all lists have.

use chrono::{DateTime, Utc};

use crate::{db::Page, error::Error, parameters::Parameters};

const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 100;
/// The year 9999.
const MAX_SECONDS: i64 = 253_402_300_799;

/// What a client asks to see of a list.
pub(super) struct Asked {
    /// Without the position of `starting_after`, which the list's own table knows.
    pub(super) page: Page,
    pub(super) starting_after: Option<String>,
    limit: usize,
}

impl Asked {
    pub(super) fn read(parameters: &mut Parameters) -> Result<Self, Error> {
        let limit = parameters
            .take_integer("limit", 1..=MAX_LIMIT)?
            .unwrap_or(DEFAULT_LIMIT);
        let mut seconds = |name: &str| parameters.take_integer(name, 0..=MAX_SECONDS - 1);
        let exact = seconds("created")?;
        let from = [
            seconds("created[gte]")?,
            seconds("created[gt]")?.map(|second| second + 1),
            exact,
        ];
        let until = [
            seconds("created[lt]")?,
            seconds("created[lte]")?.map(|second| second + 1),
            exact.map(|second| second + 1),
        ];
        let page = Page {
            rows: limit + 1,
            before: None,
            created_from: from.into_iter().flatten().max().and_then(instant),
            created_until: until.into_iter().flatten().min().and_then(instant),
        };
        Ok(Self {
            page,
            starting_after: parameters.take("starting_after"),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }

    /// Cuts off the row that only shows that there are more; says whether there was one.
    pub(super) fn cut<T>(&self, rows: &mut Vec<T>) -> bool {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        has_more
    }
}

fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}
