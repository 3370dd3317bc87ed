//! Query strings, read strictly: what is not known, not valid or given twice is named in the answer.

use std::str::FromStr;

use crate::{FieldError, Problem};

const MAX_LIMIT: u8 = 100;

/// The parameters of a list that is read a page at a time, one after the other; whatever is left over is an error.
pub struct ListQuery {
    pairs: Vec<(String, String)>,
    allowed: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl ListQuery {
    /// Splits a query string, of which nothing is understood yet.
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
    pub fn take<T, E: Into<String>>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
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

    /// One of a few values, by its name.
    pub fn take_one_of<T: Copy>(
        &mut self,
        name: &'static str,
        all: &[T],
        name_of: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        self.take(name, |text| {
            let found = all.iter().copied().find(|value| name_of(*value) == text);
            found.ok_or_else(|| {
                let names: Vec<&str> = all.iter().map(|value| name_of(*value)).collect();
                format!("must be one of {}", names.join(", "))
            })
        })
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

    /// How many entries a page has: 1 to 100, `default` unless said.
    pub fn limit(&mut self, default: u8) -> u8 {
        let limit = self.take("limit", |text| match text.parse() {
            Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
            _ => Err(format!("must be a number from 1 to {MAX_LIMIT}")),
        });
        limit.unwrap_or(default)
    }

    /// Where the page begins: `next` of the page before.
    pub fn after<T: FromStr>(&mut self) -> Option<T> {
        self.take("after", |text| {
            text.parse()
                .map_err(|_| "must be `next` of the page before")
        })
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

/// The values of `parameter` in a query string, at least one and at most `most`; anything else in it is refused.
pub fn repeated<T: FromStr>(
    query: Option<&str>,
    parameter: &'static str,
    most: usize,
) -> Result<Vec<T>, Problem> {
    let wrong = |message: String| Problem::invalid(vec![FieldError::new(parameter, message)]);
    let mut values = Vec::new();
    let pairs = query.unwrap_or_default().split('&');
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let value = pair
            .split_once('=')
            .filter(|(name, _)| *name == parameter)
            .map(|(_, value)| value)
            .ok_or_else(|| wrong(format!("expected {parameter}=…, repeated; found {pair:?}")))?;
        let value = value
            .parse()
            .map_err(|_| wrong(format!("{value:?} is not an id")))?;
        values.push(value);
    }
    if values.is_empty() || values.len() > most {
        let found = values.len();
        return Err(wrong(format!("expected 1 to {most} ids, found {found}")));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<(u8, Option<i64>), Vec<String>> {
        let fields = |problem: Problem| -> Vec<String> {
            let errors = problem.errors.into_iter();
            errors.map(|error| error.field).collect()
        };
        let mut list = ListQuery::read(Some(query)).map_err(fields)?;
        let page = (list.limit(50), list.after());
        list.finish().map_err(fields)?;
        Ok(page)
    }

    #[test]
    fn a_page_is_asked_for_strictly() {
        assert_eq!(page(""), Ok((50, None)));
        assert_eq!(page("limit=7&after=-9"), Ok((7, Some(-9))));
        for query in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=1&limit=2",
            "limit=x",
            "limit=",
        ] {
            assert_eq!(page(query), Err(vec!["limit".to_owned()]), "{query}");
        }
        let wrong = ["after", "page"].map(ToOwned::to_owned);
        assert_eq!(page("page=2&after=x"), Err(wrong.to_vec()));
    }

    #[test]
    fn what_may_be_said_is_told() {
        let mut list = ListQuery::read(Some("level=high")).unwrap_or_else(|_| unreachable!());
        assert_eq!(
            list.take_one_of("level", &["low", "out"], |name| name),
            None
        );
        let problem = list.finish().err();
        let detail = problem.map(|problem| problem.detail);
        assert_eq!(detail.as_deref(), Some("level: must be one of low, out"));
    }

    #[test]
    fn words_are_trimmed_bounded_and_left_out_when_empty() {
        let words = |query: &str| {
            let mut list = ListQuery::read(Some(query)).map_err(|_| ())?;
            let words = list.words("q", 5);
            list.finish().map(|()| words).map_err(|_| ())
        };
        assert_eq!(words("q=+mug+"), Ok(Some("mug".to_owned())));
        assert_eq!(words("q="), Ok(None));
        assert_eq!(words("q=longer"), Err(()));
        assert_eq!(words("q=%00"), Err(()));
    }

    fn read(query: &str) -> Result<Vec<u8>, String> {
        repeated(Some(query), "id", 3).map_err(|problem| problem.detail)
    }

    #[test]
    fn every_value_is_read() {
        assert_eq!(read("id=1&id=2"), Ok(vec![1, 2]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, message) in [
            ("", "id: expected 1 to 3 ids, found 0"),
            ("id=1&id=2&id=3&id=4", "id: expected 1 to 3 ids, found 4"),
            ("id=x", "id: \"x\" is not an id"),
            ("di=1", "id: expected id=…, repeated; found \"di=1\""),
        ] {
            assert_eq!(read(query), Err(message.to_owned()));
        }
    }
}
