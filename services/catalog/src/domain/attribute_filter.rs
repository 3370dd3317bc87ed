//! `attr.colour=Blue&attr.colour=Red&attr.material=Oak`: alternatives within a key, all keys together.

use std::collections::{BTreeMap, BTreeSet};

/// The values that are asked for, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct AttributeFilter(BTreeMap<String, BTreeSet<String>>);

impl AttributeFilter {
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.0
            .entry(key.to_owned())
            .or_default()
            .insert(value.to_owned());
    }

    /// How many values are asked for in all.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// The predicate in PostgreSQL's `jsonpath`, which its GIN index understands:
    /// `($."colour" == "Blue" || $."colour" == "Red") && ($."material" == "Oak")`.
    ///
    /// Keys and values are JSON strings, escaped by `serde_json`: nothing in them can end the string.
    pub(crate) fn jsonpath(&self) -> Option<String> {
        let key_predicates = self.0.iter().map(|(key, values)| {
            let key = json_string(key);
            let alternatives: Vec<String> = values
                .iter()
                .map(|value| format!("$.{key} == {}", json_string(value)))
                .collect();
            format!("({})", alternatives.join(" || "))
        });
        let predicate = key_predicates.collect::<Vec<_>>().join(" && ");
        (!predicate.is_empty()).then_some(predicate)
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_key_are_alternatives_and_keys_go_together() {
        let mut filter = AttributeFilter::default();
        filter.add("colour", "Red");
        filter.add("material", "Oak");
        filter.add("colour", "Blue");
        let expected =
            r#"($."colour" == "Blue" || $."colour" == "Red") && ($."material" == "Oak")"#;
        assert_eq!(filter.jsonpath().as_deref(), Some(expected));
        assert_eq!(AttributeFilter::default().jsonpath(), None);
    }

    #[test]
    fn quotes_in_a_value_stay_in_the_value() {
        let mut filter = AttributeFilter::default();
        filter.add("size", r#"12" || $.a == "1"#);
        assert_eq!(
            filter.jsonpath().as_deref(),
            Some(r#"($."size" == "12\" || $.a == \"1")"#)
        );
    }
}
