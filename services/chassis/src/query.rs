//! Query strings: the pages of a list, and what services send each other (one parameter, repeated).

mod parameters;

use std::str::FromStr;

use crate::{FieldError, Problem};

pub use parameters::PageQuery;

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
