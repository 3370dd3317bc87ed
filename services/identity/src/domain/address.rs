//! A postal address as the address book keeps it, in the shape that an order takes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Rules, Violation, text::bounded};

/// As many as one account may keep.
pub(crate) const MAX_PER_USER: i64 = 20;

/// An entry of somebody's address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) id: Uuid,
    pub(crate) place: Place,
    pub(crate) is_default: bool,
    pub(crate) created_at: DateTime<Utc>,
}

/// Where something is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) label: String,
    pub(crate) recipient: String,
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip_code: String,
    pub(crate) country: String,
}

impl Place {
    /// The same with its texts trimmed, if they keep the rules.
    pub(crate) fn checked(self) -> Result<Self, Vec<Violation>> {
        let mut rules = Rules::default();
        let mut keep = |field, text: &str, min, max| {
            rules
                .keep(bounded(field, text, min, max))
                .unwrap_or_default()
        };
        let place = Self {
            label: keep("label", &self.label, 0, 60),
            recipient: keep("recipient", &self.recipient, 0, 120),
            street: keep("street", &self.street, 1, 200),
            city: keep("city", &self.city, 1, 120),
            state: keep("state", &self.state, 0, 120),
            zip_code: keep("zipCode", &self.zip_code, 1, 20),
            country: keep("country", &self.country, 2, 60),
        };
        let violations = rules.violations();
        if violations.is_empty() {
            Ok(place)
        } else {
            Err(violations)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_what_is_missing_is_named() {
        let place = Place {
            label: String::new(),
            recipient: String::new(),
            street: " 123 Main St ".to_owned(),
            city: "London".to_owned(),
            state: "UK".to_owned(),
            zip_code: "SW1A".to_owned(),
            country: "UK".to_owned(),
        };
        assert_eq!(place.clone().checked().unwrap().street, "123 Main St");
        let bad = Place {
            city: " ".to_owned(),
            zip_code: "1".repeat(21),
            ..place
        };
        let fields: Vec<_> = bad
            .checked()
            .unwrap_err()
            .iter()
            .map(|wrong| wrong.field)
            .collect();
        assert_eq!(fields, ["city", "zipCode"]);
    }
}
