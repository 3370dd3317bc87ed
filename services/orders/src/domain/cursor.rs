//! Where a page of a list of orders ended: newest first, by time and id.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use contracts::OrderId;
use uuid::Uuid;

/// The end of the year 9999: beyond it, texts and servers disagree about time.
const LAST_SECOND: i64 = 253_402_300_799;

/// The last order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) placed_at: DateTime<Utc>,
    pub(crate) id: OrderId,
}

impl Cursor {
    /// Before the first page: no order is newer.
    pub(crate) const NEWEST: Self = Self {
        placed_at: match DateTime::from_timestamp(LAST_SECOND, 0) {
            Some(end) => end,
            None => DateTime::<Utc>::MAX_UTC,
        },
        id: OrderId(Uuid::max()),
    };
    /// Before the first page of the other direction: no order is older.
    pub(crate) const OLDEST: Self = Self {
        placed_at: DateTime::UNIX_EPOCH,
        id: OrderId(Uuid::nil()),
    };
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (micros, id) = (self.placed_at.timestamp_micros(), self.id.0.simple());
        write!(formatter, "{micros}-{id}")
    }
}

/// The text was not made by this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `next` of the page before")]
pub(crate) struct NotACursor;

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (micros, id) = text.split_once('-').ok_or(NotACursor)?;
        let micros: i64 = micros.parse().map_err(|_| NotACursor)?;
        let placed_at = DateTime::from_timestamp_micros(micros).ok_or(NotACursor)?;
        let id = Uuid::try_parse(id).map_err(|_| NotACursor)?;
        if !(0..=LAST_SECOND).contains(&placed_at.timestamp()) {
            return Err(NotACursor);
        }
        Ok(Self {
            placed_at,
            id: OrderId(id),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(micros in 0_i64..253_402_300_799_000_000, id: u128) {
            let cursor = Cursor {
                placed_at: DateTime::from_timestamp_micros(micros).unwrap(),
                id: OrderId(Uuid::from_u128(id)),
            };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<Cursor>();
        }
    }
}
