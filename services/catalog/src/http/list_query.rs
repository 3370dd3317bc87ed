//! The query of a list, read strictly: a parameter that is not known, or not valid, is named in the answer.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, RawQuery},
    http::request::Parts,
};
use chassis::{FieldError, Problem};
use contracts::{Currency, Money};

use crate::domain::{
    cursor::Cursor,
    draft::is_key,
    filter::{Filter, Sort},
    text::bounded,
};

const DEFAULT_LIMIT: u8 = 24;
const MAX_LIMIT: u8 = 100;
/// A product has fewer attributes than this, and a page fewer filters.
const MAX_ATTRIBUTE_VALUES: usize = 50;
const PARAMETERS: &str = "category, q, minPrice, maxPrice, vendor, attr.<key>, sort, limit, after";

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ListQuery {
    pub(crate) filter: Filter,
    pub(crate) sort: Sort,
    pub(crate) limit: u8,
    pub(crate) after: Option<Cursor>,
}

/// The parameters that are read in a second step, because they depend on others.
#[derive(Default)]
struct Late {
    sort: Option<String>,
    after: Option<String>,
}

struct Reader {
    query: ListQuery,
    late: Late,
    errors: Vec<FieldError>,
}

impl ListQuery {
    /// Reads the part of a URL behind the question mark; reports everything that is wrong with it.
    pub(crate) fn parse(query: &str) -> Result<Self, Vec<FieldError>> {
        let query_default = Self {
            filter: Filter::default(),
            sort: Sort::Rank,
            limit: DEFAULT_LIMIT,
            after: None,
        };
        let mut reader = Reader {
            query: query_default,
            late: Late::default(),
            errors: Vec::new(),
        };
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|error| {
            vec![FieldError::new(
                "",
                format!("the query is not URL-encoded: {error}"),
            )]
        })?;
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &pairs {
            if !name.starts_with("attr.") && seen.contains(&name.as_str()) {
                reader.refuse(name, "is given more than once");
                continue;
            }
            seen.push(name);
            reader.read(name, value);
        }
        reader.finish()
    }
}

impl Reader {
    fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    fn read(&mut self, name: &str, value: &str) {
        match name {
            "category" => self.read_category(value),
            "q" => self.read_words(value),
            "minPrice" => self.query.filter.min_minor = self.read_price(name, value),
            "maxPrice" => self.query.filter.max_minor = self.read_price(name, value),
            "vendor" => match value.parse() {
                Ok(vendor) => self.query.filter.vendor = Some(vendor),
                Err(_) => self.refuse(name, "must be a vendor's id (a UUID)"),
            },
            "sort" => self.late.sort = Some(value.to_owned()),
            "limit" => match value.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => self.query.limit = limit,
                _ => self.refuse(name, format!("must be a number from 1 to {MAX_LIMIT}")),
            },
            "after" => self.late.after = Some(value.to_owned()),
            _ => match name.strip_prefix("attr.") {
                Some(key) => self.read_attribute(name, key, value),
                None => self.refuse(
                    name,
                    format!("is not a parameter of this list; it takes {PARAMETERS}"),
                ),
            },
        }
    }

    fn read_category(&mut self, value: &str) {
        match bounded("category", value, 1, 80) {
            Ok(slug) => self.query.filter.category = Some(slug),
            Err(violation) => self.refuse("category", violation.message),
        }
    }

    /// An empty search field is no search.
    fn read_words(&mut self, value: &str) {
        match bounded("q", value, 0, 200) {
            Ok(words) => self.query.filter.words = (!words.is_empty()).then_some(words),
            Err(violation) => self.refuse("q", violation.message),
        }
    }

    fn read_price(&mut self, name: &str, value: &str) -> Option<i64> {
        match Money::parse(value, Currency::default()) {
            Ok(money) if money.minor >= 0 => Some(money.minor),
            Ok(_) => {
                self.refuse(name, "must not be negative");
                None
            }
            Err(error) => {
                self.refuse(name, error.to_string());
                None
            }
        }
    }

    fn read_attribute(&mut self, name: &str, key: &str, value: &str) {
        if !is_key(key) {
            return self.refuse(
                name,
                "an attribute's key has 1 to 40 lower-case letters, digits, dashes or underscores",
            );
        }
        match bounded(name, value, 1, 200) {
            Ok(value) => self.query.filter.attributes.add(key, &value),
            Err(violation) => self.refuse(name, violation.message),
        }
    }

    fn finish(mut self) -> Result<ListQuery, Vec<FieldError>> {
        if self.query.filter.attributes.len() > MAX_ATTRIBUTE_VALUES {
            self.refuse(
                "attr",
                format!("at most {MAX_ATTRIBUTE_VALUES} values are taken"),
            );
        }
        if let (Some(min), Some(max)) = (self.query.filter.min_minor, self.query.filter.max_minor)
            && min > max
        {
            self.refuse("maxPrice", "must not be lower than minPrice");
        }
        self.finish_sort();
        self.finish_after();
        if self.errors.is_empty() {
            Ok(self.query)
        } else {
            Err(self.errors)
        }
    }

    /// With words the best match comes first, unless another order is asked for.
    fn finish_sort(&mut self) {
        let has_words = self.query.filter.words.is_some();
        match self.late.sort.as_deref().map(Sort::parse) {
            None if has_words => self.query.sort = Sort::Relevance,
            None => {}
            Some(Some(Sort::Relevance)) if !has_words => {
                self.refuse("sort", "relevance needs words to be relevant to: add q");
            }
            Some(Some(sort)) => self.query.sort = sort,
            Some(None) => {
                let allowed = Sort::ALL.map(Sort::name).join(", ");
                self.refuse("sort", format!("must be one of {allowed}"));
            }
        }
    }

    fn finish_after(&mut self) {
        let Some(text) = self.late.after.take() else {
            return;
        };
        // A cursor is bound to its list: with another mistake in the query it would be refused for the wrong reason.
        if !self.errors.is_empty() {
            return;
        }
        match Cursor::decode(&text, &self.query.filter, self.query.sort) {
            Ok(cursor) => self.query.after = Some(cursor),
            Err(error) => self.refuse("after", error.to_string()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<RawQuery, Infallible> = RawQuery::from_request_parts(parts, state).await;
        let RawQuery(query) = query.unwrap_or(RawQuery(None));
        Self::parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(query: &str) -> Vec<String> {
        ListQuery::parse(query)
            .unwrap_err()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(query: String) {
            let _ = ListQuery::parse(&query);
        }
    }

    #[test]
    fn a_full_query_is_understood() {
        let query = ListQuery::parse(
            "category=coffee&q=kettle&minPrice=10&maxPrice=99.90&attr.colour=Blue&limit=5&sort=-price",
        );
        let query = query.unwrap();
        assert_eq!(query.filter.category.as_deref(), Some("coffee"));
        assert_eq!(
            (query.filter.min_minor, query.filter.max_minor),
            (Some(1000), Some(9990))
        );
        assert_eq!((query.sort, query.limit), (Sort::PriceDescending, 5));
    }

    #[test]
    fn words_make_relevance_the_default_order() {
        assert_eq!(ListQuery::parse("q=kettle").unwrap().sort, Sort::Relevance);
        assert_eq!(ListQuery::parse("q=").unwrap().sort, Sort::Rank);
        assert_eq!(fields("sort=relevance"), ["sort"]);
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        assert_eq!(
            fields("colour=blue&sort=random&limit=0&minPrice=-1&vendor=me"),
            ["colour", "limit", "minPrice", "vendor", "sort"]
        );
        assert_eq!(fields("limit=5&limit=6"), ["limit"]);
        assert_eq!(fields("minPrice=5&maxPrice=4"), ["maxPrice"]);
        assert_eq!(fields("after=xyz"), ["after"]);
        assert_eq!(fields("q=%00"), ["q"]);
    }
}
