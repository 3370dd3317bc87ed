//! The parameters of lists that are read a page at a time: each known, each once.

use chassis::{FieldError, Problem};

/// Entries per page, unless said.
const DEFAULT_LIMIT: u8 = 50;
const MAX_LIMIT: u8 = 100;

/// Reads a query string one parameter at a time; whatever is left over is an error.
pub(super) struct PageQuery {
    pairs: Vec<(String, String)>,
    allowed: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl PageQuery {
    /// Not understood yet.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let pairs = serde_urlencoded::from_str(query.unwrap_or_default());
        let pairs = pairs.map_err(|error| {
            let message = format!("is not URL-encoded: {error}");
            Problem::invalid(vec![FieldError::new("", message)])
        })?;
        Ok(Self {
            pairs,
            allowed: Vec::new(),
            errors: Vec::new(),
        })
    }

    /// A parameter that may be there once; `read` says what it must be where it is not.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        self.allowed.push(name);
        let position = self.pairs.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.pairs.remove(position);
        match read(&value) {
            Ok(value) => Some(value),
            Err(message) => {
                self.errors.push(FieldError::new(name, message));
                None
            }
        }
    }

    /// How many entries a page has.
    pub(super) fn limit(&mut self) -> u8 {
        let limit = self.take("limit", |text| match text.parse() {
            Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
            _ => Err("must be a number from 1 to 100"),
        });
        limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Whether everything was understood.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        let allowed = self.allowed.join(", ");
        for (name, _) in self.pairs {
            let message = if self.allowed.contains(&name.as_str()) {
                "is given twice".to_owned()
            } else {
                format!("is not a parameter of this list; it takes {allowed}")
            };
            self.errors.push(FieldError::new(name, message));
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(query: &str) -> Result<u8, Vec<String>> {
        let fields = |problem: Problem| -> Vec<String> {
            let errors = problem.errors.into_iter();
            errors.map(|error| error.field).collect()
        };
        let mut page = PageQuery::read(Some(query)).map_err(fields)?;
        let limit = page.limit();
        page.finish().map_err(fields)?;
        Ok(limit)
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(query: String) {
            let _ = limit(&query);
        }
    }

    #[test]
    fn a_page_is_asked_for_strictly() {
        assert_eq!(limit(""), Ok(50));
        assert_eq!(limit("limit=7"), Ok(7));
        for query in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=1&limit=2",
            "limit=x",
        ] {
            assert_eq!(limit(query), Err(vec!["limit".to_owned()]), "{query}");
        }
        assert_eq!(limit("page=2"), Err(vec!["page".to_owned()]));
    }
}
