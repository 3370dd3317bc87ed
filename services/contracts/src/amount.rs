//! A price as a client sends it: a JSON number or string whose digits are kept as they were written.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use crate::{Currency, Money, MoneyError};

/// Digits of which the currency is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount(String);

impl Amount {
    /// The amount in `currency`, exactly.
    pub fn in_currency(&self, currency: Currency) -> Result<Money, MoneyError> {
        Money::parse(&self.0, currency)
    }

    /// What was sent, without the quotes of a string.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Amount {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Number]))
            .description(Some("A decimal number, or the same as a string; its digits are kept as they are written."))
            .examples([serde_json::json!("1299.99")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Amount {}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not through a float: 0.1 would not be 0.1 any more.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            return serde_json::from_str(raw)
                .map(Self)
                .map_err(D::Error::custom);
        }
        if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(raw.to_owned()));
        }
        Err(D::Error::custom(
            "expected a decimal number such as 12.30, or the same as a string",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Option<Result<Money, MoneyError>> {
        serde_json::from_str::<Amount>(json)
            .ok()
            .map(|amount| amount.in_currency(Currency::Eur))
    }

    #[test]
    fn a_number_and_a_string_mean_the_same() {
        let expected = Some(Ok(Money::from_minor(129_999, Currency::Eur)));
        assert_eq!(parse("1299.99"), expected);
        assert_eq!(parse("\"1299.99\""), expected);
    }

    #[test]
    fn digits_that_no_float_could_hold_are_kept() {
        assert_eq!(
            parse("90071992547409.93"),
            Some(Ok(Money::from_minor(9_007_199_254_740_993, Currency::Eur)))
        );
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for json in ["null", "true", "[1]", "{}"] {
            assert_eq!(parse(json), None);
        }
        assert!(parse("1e3").is_some_and(|amount| amount.is_err()));
    }
}
