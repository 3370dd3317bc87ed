//! Where the next page of a list begins: the last product shown, by its sort key, bound to the list that it came from.
//!
//! A page is found by key and not by number: the thousandth costs what the first does, and a product that
//! comes or goes shifts no other one. A cursor is opaque to clients and is refused when it was altered or belongs to
//! another order or filter.

use std::hash::{Hash as _, Hasher as _};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use contracts::ProductId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filter::{Filter, Sort};

/// Longer than any that we made.
const MAX_CHARS: usize = 2048;

/// The value by which a list is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Key {
    /// A rank, a price in minor units, or a score.
    Number(i64),
    /// A name in lower case.
    Text(String),
    /// Microseconds since 1970.
    Time(i64),
}

/// The last product of a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) key: Key,
    pub(crate) id: ProductId,
}

/// Why a text is not a cursor for this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CursorError {
    #[error(
        "is not a cursor of this API: take it from `next` as it is, or leave it out to begin at the first page"
    )]
    Malformed,
    #[error("belongs to another sort order or filter: leave it out to begin at the first page")]
    OtherList,
}

impl Cursor {
    /// As it stands in `next`.
    pub(crate) fn encode(&self, filter: &Filter, sort: Sort) -> String {
        let mut bytes = fingerprint(filter, sort).to_vec();
        serde_json::to_writer(&mut bytes, self)
            .expect("BUG: a cursor is always representable in JSON");
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads one that was made for the same filter and order.
    pub(crate) fn decode(text: &str, filter: &Filter, sort: Sort) -> Result<Self, CursorError> {
        if text.len() > MAX_CHARS {
            return Err(CursorError::Malformed);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| CursorError::Malformed)?;
        let (bytes, sum) = bytes
            .split_last_chunk::<8>()
            .ok_or(CursorError::Malformed)?;
        if checksum(bytes) != *sum {
            return Err(CursorError::Malformed);
        }
        let (list, json) = bytes
            .split_first_chunk::<8>()
            .ok_or(CursorError::Malformed)?;
        if fingerprint(filter, sort) != *list {
            return Err(CursorError::OtherList);
        }
        let cursor: Self = serde_json::from_slice(json).map_err(|_| CursorError::Malformed)?;
        if cursor.fits(sort) {
            Ok(cursor)
        } else {
            Err(CursorError::Malformed)
        }
    }

    fn fits(&self, sort: Sort) -> bool {
        match self.key {
            Key::Number(_) => matches!(
                sort,
                Sort::Rank | Sort::Price | Sort::PriceDescending | Sort::Relevance
            ),
            Key::Text(_) => sort == Sort::Name,
            Key::Time(micros) => {
                sort == Sort::Newest && DateTime::<Utc>::from_timestamp_micros(micros).is_some()
            }
        }
    }

    /// The parts as the statement takes them: of the three keys, one is set.
    pub(crate) fn parts(self) -> Parts {
        let mut parts = Parts {
            id: Some(self.id.0),
            ..Parts::default()
        };
        match self.key {
            Key::Number(number) => parts.number = Some(number),
            Key::Text(text) => parts.text = Some(text),
            Key::Time(micros) => parts.time = DateTime::from_timestamp_micros(micros),
        }
        parts
    }
}

/// A cursor taken apart; all of it empty for the first page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) id: Option<Uuid>,
    pub(crate) number: Option<i64>,
    pub(crate) text: Option<String>,
    pub(crate) time: Option<DateTime<Utc>>,
}

/// Which list this is, the same in every process of the same build.
fn fingerprint(filter: &Filter, sort: Sort) -> [u8; 8] {
    let mut hasher = Fnv::default();
    (filter, sort.name()).hash(&mut hasher);
    hasher.finish().to_be_bytes()
}

/// Guards against truncation and typing, not against forgery: a forged cursor only begins the same public list elsewhere.
fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut hasher = Fnv::default();
    hasher.write(bytes);
    hasher.finish().to_be_bytes()
}

/// FNV-1a, 64 bits: unlike the standard library's hasher it is specified, so replicas built apart agree.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor(key: Key) -> Cursor {
        Cursor {
            key,
            id: ProductId(Uuid::from_u128(7)),
        }
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(number: i64, name: String) {
            let filter = Filter::default();
            for (key, sort) in [(Key::Number(number), Sort::Price), (Key::Text(name.clone()), Sort::Name)] {
                let cursor = cursor(key);
                let text = cursor.encode(&filter, sort);
                if text.len() <= MAX_CHARS {
                    prop_assert_eq!(Cursor::decode(&text, &filter, sort), Ok(cursor));
                }
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = Cursor::decode(&text, &Filter::default(), Sort::Rank);
        }

        #[test]
        fn an_altered_cursor_is_refused(position in 0_usize..80) {
            let filter = Filter::default();
            let text = cursor(Key::Number(5)).encode(&filter, Sort::Rank);
            let mut bytes = text.into_bytes();
            let position = position % bytes.len();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(Cursor::decode(&altered, &filter, Sort::Rank), Err(CursorError::Malformed));
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let text = cursor(Key::Number(5)).encode(&Filter::default(), Sort::Rank);
        let other = Filter {
            category: Some("coffee".to_owned()),
            ..Filter::default()
        };
        assert_eq!(
            Cursor::decode(&text, &other, Sort::Rank),
            Err(CursorError::OtherList)
        );
        assert_eq!(
            Cursor::decode(&text, &Filter::default(), Sort::Price),
            Err(CursorError::OtherList)
        );
    }
}
