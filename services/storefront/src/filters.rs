//! What a shopper asked of a list: words, department, price range, attributes, order and page, read from the address and
//! written back to it.
//!
//! The address is the only state. Reading never fails: what cannot be used is kept as it was typed, beside the reason.

use contracts::Money;

use crate::{
    catalog::{FieldError, Pair},
    price,
};

/// Names in the address that start like this are attributes: `attr.colour=Blue`.
const ATTRIBUTE: &str = "attr.";

/// Longer values are somebody's experiment, not a filter.
const LONGEST_VALUE: usize = 200;

/// The catalogue takes no more of them.
const MOST_ATTRIBUTES: usize = 50;

/// One end of the price range, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PriceField {
    pub text: String,
    pub value: Option<Money>,
    pub error: Option<String>,
}

impl PriceField {
    fn read(typed: &str) -> Self {
        let text = typed.trim().to_owned();
        if text.is_empty() {
            return Self::default();
        }
        match price::read_euros(&text) {
            Ok(value) => Self {
                text,
                value: Some(value),
                error: None,
            },
            Err(error) => Self {
                text,
                value: None,
                error: Some(error.to_owned()),
            },
        }
    }

    fn refuse(&mut self, reason: &str) {
        self.value = None;
        self.error = Some(reason.to_owned());
    }
}

/// Everything that an address says about a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pub words: String,
    pub category: Option<String>,
    pub min_price: PriceField,
    pub max_price: PriceField,
    /// Key and value, in the order of the address, without repetition.
    pub attributes: Vec<Pair>,
    pub sort: Option<String>,
    pub after: Option<String>,
    /// What could not be used and has no field of its own on the page.
    pub messages: Vec<String>,
}

impl Filters {
    /// Reads the part of an address behind the question mark.
    pub(crate) fn read(query: &str) -> Self {
        let pairs: Vec<Pair> = serde_urlencoded::from_str(query).unwrap_or_default();
        let mut filters = Self::default();
        for (name, value) in pairs {
            let value: String = value
                .trim()
                .chars()
                .filter(|character| !character.is_control())
                .take(LONGEST_VALUE)
                .collect();
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "q" => filters.words = value,
                "category" => filters.category = Some(value),
                "minPrice" => filters.min_price = PriceField::read(&value),
                "maxPrice" => filters.max_price = PriceField::read(&value),
                "sort" => filters.sort = Some(value),
                "after" => filters.after = Some(value),
                _ => filters.read_attribute(&name, value),
            }
        }
        filters.check_range();
        filters
    }

    fn read_attribute(&mut self, name: &str, value: String) {
        let Some(key) = name.strip_prefix(ATTRIBUTE).filter(|key| !key.is_empty()) else {
            return;
        };
        let pair = (key.to_owned(), value);
        if self.attributes.len() < MOST_ATTRIBUTES && !self.attributes.contains(&pair) {
            self.attributes.push(pair);
        }
    }

    fn check_range(&mut self) {
        if let (Some(min), Some(max)) = (self.min_price.value, self.max_price.value)
            && min.minor > max.minor
        {
            self.max_price.refuse("This is below the lower price.");
        }
    }

    /// Without what a department's page decides by itself.
    pub(crate) fn within_a_department(self) -> Self {
        Self {
            words: String::new(),
            category: None,
            ..self
        }
    }

    /// Takes out what the catalogue does not accept and keeps its reason for the page.
    pub(crate) fn refuse(&mut self, refused: &[FieldError]) {
        for FieldError { field, message } in refused {
            match field.as_str() {
                "minPrice" => self.min_price.refuse(message),
                "maxPrice" => self.max_price.refuse(message),
                "q" => {
                    self.words.clear();
                    self.messages
                        .push(format!("These words cannot be searched for: {message}"));
                }
                "category" => {
                    self.category = None;
                    self.messages
                        .push(format!("That department was left out: {message}"));
                }
                "after" => {
                    self.after = None;
                    self.messages.push(
                        "That page is no longer there; this is the beginning of the list."
                            .to_owned(),
                    );
                }
                "sort" => {
                    self.sort = None;
                    self.messages
                        .push(format!("That order was left out: {message}"));
                }
                other => {
                    let key = other.strip_prefix(ATTRIBUTE).unwrap_or(other);
                    self.attributes.retain(|(name, _)| name != key);
                    self.messages
                        .push(format!("The filter “{key}” was left out: {message}"));
                }
            }
        }
    }

    /// While nothing can be searched: the words, the order of what they find, and a place in that order mean nothing.
    pub(crate) fn give_up_searching(&mut self) {
        let message = if self.words.is_empty() {
            "The filters do not answer right now. The goods are all here; try again in a moment to narrow them down."
        } else {
            self.sort = None;
            self.after = None;
            "The search does not answer right now, so this is everything we carry. Try again in a moment, or go by department."
        };
        self.words.clear();
        self.messages.push(message.to_owned());
    }

    /// What the catalogue is asked: only what can be used.
    pub(crate) fn question(&self, page_size: usize) -> Vec<Pair> {
        let mut pairs = self.pairs();
        pairs.retain(|(name, _)| name != "minPrice" && name != "maxPrice");
        for (name, field) in [("minPrice", &self.min_price), ("maxPrice", &self.max_price)] {
            pairs.extend(field.value.map(|value| (name.to_owned(), value.amount())));
        }
        pairs.push(("limit".to_owned(), page_size.to_string()));
        pairs
    }

    /// Whether anything narrows the list down beside the words.
    pub(crate) fn narrows(&self) -> bool {
        self.category.is_some()
            || !self.attributes.is_empty()
            || self.min_price.value.is_some()
            || self.max_price.value.is_some()
    }

    pub(crate) fn has_attribute(&self, key: &str, value: &str) -> bool {
        self.attributes
            .iter()
            .any(|(chosen_key, chosen)| chosen_key == key && chosen == value)
    }

    /// The same list with this value as one more alternative among those of its key.
    pub(crate) fn with_attribute(&self, key: &str, value: &str) -> Self {
        let mut changed = self.first_page();
        changed.attributes.push((key.to_owned(), value.to_owned()));
        changed
    }

    pub(crate) fn without_attribute(&self, key: &str, value: &str) -> Self {
        let mut changed = self.first_page();
        changed
            .attributes
            .retain(|(name, chosen)| name != key || chosen != value);
        changed
    }

    /// The same list without any value of this attribute.
    pub(crate) fn without_key(&self, key: &str) -> Self {
        let mut changed = self.first_page();
        changed.attributes.retain(|(name, _)| name != key);
        changed
    }

    pub(crate) fn without_prices(&self) -> Self {
        Self {
            min_price: PriceField::default(),
            max_price: PriceField::default(),
            ..self.first_page()
        }
    }

    pub(crate) fn with_category(&self, category: Option<&str>) -> Self {
        Self {
            category: category.map(str::to_owned),
            ..self.first_page()
        }
    }

    pub(crate) fn with_words(&self, words: &str) -> Self {
        Self {
            words: words.to_owned(),
            ..self.first_page()
        }
    }

    pub(crate) fn with_sort(&self, sort: &str) -> Self {
        Self {
            sort: Some(sort.to_owned()),
            ..self.first_page()
        }
    }

    pub(crate) fn after(&self, cursor: &str) -> Self {
        Self {
            after: Some(cursor.to_owned()),
            ..self.clone()
        }
    }

    /// Only the words and the order.
    pub(crate) fn unfiltered(&self) -> Self {
        Self {
            words: self.words.clone(),
            sort: self.sort.clone(),
            ..Self::default()
        }
    }

    /// The same list from its first page.
    pub(crate) fn first_page(&self) -> Self {
        Self {
            after: None,
            ..self.clone()
        }
    }

    /// The address of this list on the page at `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        let query =
            serde_urlencoded::to_string(self.pairs()).expect("BUG: pairs of strings always encode");
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }

    /// Everything as it stands in the address, what was typed wrongly included.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let single = [
            ("q", Some(&self.words)),
            ("category", self.category.as_ref()),
            ("minPrice", Some(&self.min_price.text)),
            ("maxPrice", Some(&self.max_price.text)),
            ("sort", self.sort.as_ref()),
            ("after", self.after.as_ref()),
        ];
        let attributes = self
            .attributes
            .iter()
            .map(|(key, value)| (format!("{ATTRIBUTE}{key}"), value.clone()));
        let single = single
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        single
            .filter(|(_, value)| !value.is_empty())
            .chain(attributes)
            .collect()
    }
}
