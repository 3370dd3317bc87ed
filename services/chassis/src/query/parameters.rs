//! The parameters of lists that are read a page at a time: each known, each once.

use crate::{FieldError, Problem};

/// Entries per page, unless said.
const DEFAULT_LIMIT: u8 = 50;
const MAX_LIMIT: u8 = 100;

/// Reads a query string one parameter at a time; whatever is left over is an error.
pub struct PageQuery {
    pairs: Vec<(String, String)>,
    allowed: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl PageQuery {
    /// Not understood yet.
    pub fn read(query: Option<&str>) -> Result<Self, Problem> {
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
    pub fn take<T>(
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

    /// Words of at most so many characters, as they were typed; nothing where they are empty.
    pub fn words(&mut self, name: &'static str, most: usize) -> Option<String> {
        let words = self.take(name, |text| {
            let text = text.trim();
            if text.chars().count() > most {
                Err("is too long")
            } else if text.chars().any(char::is_control) {
                Err("must not contain control characters")
            } else {
                Ok(text.to_owned())
            }
        });
        words.filter(|words| !words.is_empty())
    }

    /// How many entries a page has.
    pub fn limit(&mut self) -> u8 {
        let limit = self.take("limit", |text| match text.parse() {
            Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
            _ => Err("must be a number from 1 to 100"),
        });
        limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Whether everything was understood.
    pub fn finish(mut self) -> Result<(), Problem> {
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

    #[test]
    fn words_are_trimmed_bounded_and_left_out_when_empty() {
        let words = |query: &str| {
            let mut page = PageQuery::read(Some(query)).unwrap();
            let words = page.words("q", 5);
            page.finish().map(|()| words).map_err(|_| ())
        };
        assert_eq!(words("q=+mug+"), Ok(Some("mug".to_owned())));
        assert_eq!(words("q="), Ok(None));
        assert_eq!(words("q=longer"), Err(()));
        assert_eq!(words("q=%00"), Err(()));
    }
}
