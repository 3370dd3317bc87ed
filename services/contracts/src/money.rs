//! An amount of money as a whole number of minor units: exact, and impossible to mix up with another currency.
//!
//! A price arrives as a decimal number or string and is parsed from its digits; it never passes through a float.

use std::fmt;

use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeStruct as _,
};

use crate::Currency;

/// So many minor units (cents, pence, yen) of one currency.
///
/// In JSON: `{"amount":"12.30","currency":"EUR"}`, with exactly the decimals that the currency has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Money, example = json!({"amount": "12.30", "currency": "EUR"})))]
pub struct Money {
    /// Minor units, negative for what is owed.
    #[cfg_attr(feature = "openapi", schema(rename = "amount", value_type = String))]
    pub minor: i64,
    /// What the minor units are of.
    pub currency: Currency,
}

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not `-?digits[.digits]`.
    #[error("{0:?} is not a decimal number such as 12.30")]
    NotDecimal(String),
    /// Half a cent and less cannot be paid.
    #[error("{currency} has {} decimals, {amount:?} has more", currency.decimals())]
    TooPrecise { amount: String, currency: Currency },
    /// Beyond 64 bits of minor units.
    #[error("{0:?} is too large an amount")]
    TooLarge(String),
}

impl Money {
    /// So many minor units of `currency`.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads the digits of `amount` (`12`, `12.3`, `12.30`), exactly.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        if !is_plain_decimal(amount) {
            return Err(MoneyError::NotDecimal(amount.to_owned()));
        }
        let too_large = || MoneyError::TooLarge(amount.to_owned());
        let decimal = Decimal::from_str_exact(amount)
            .map_err(|_| too_large())?
            .normalize();
        if decimal.scale() > currency.decimals() {
            return Err(MoneyError::TooPrecise {
                amount: amount.to_owned(),
                currency,
            });
        }
        let factor = Decimal::from(10_u64.pow(currency.decimals()));
        let minor = decimal
            .checked_mul(factor)
            .and_then(|minor| i64::try_from(minor).ok())
            .ok_or_else(too_large)?;
        Ok(Self { minor, currency })
    }

    /// The decimal amount with the currency's decimals, such as `12.30`.
    pub fn amount(&self) -> String {
        let mut decimal = Decimal::from(self.minor);
        decimal
            .set_scale(self.currency.decimals())
            .expect("BUG: a currency has at most three decimals");
        decimal.to_string()
    }
}

/// `-?[0-9]+(\.[0-9]+)?`: no exponent, no plus sign, no underscore, no bare dot.
fn is_plain_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    [whole, fraction]
        .iter()
        .all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.amount(), self.currency)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut money = serializer.serialize_struct("Money", 2)?;
        money.serialize_field("amount", &self.amount())?;
        money.serialize_field("currency", &self.currency)?;
        money.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Money", deny_unknown_fields)]
        struct Wire {
            amount: String,
            currency: Currency,
        }
        let Wire { amount, currency } = Wire::deserialize(deserializer)?;
        Self::parse(&amount, currency).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(Currency::ALL.as_slice())
    }

    proptest! {
        #[test]
        fn every_amount_survives_its_own_text(minor: i64, currency in currency()) {
            let money = Money::from_minor(minor, currency);
            prop_assert_eq!(Money::parse(&money.amount(), currency), Ok(money));
        }

        #[test]
        fn every_amount_survives_json(minor: i64, currency in currency()) {
            let money = Money::from_minor(minor, currency);
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String, currency in currency()) {
            let _ = Money::parse(&text, currency);
        }
    }

    #[test]
    fn money_is_written_with_the_decimals_of_its_currency() {
        let written =
            |minor, currency| serde_json::to_string(&Money::from_minor(minor, currency)).unwrap();
        assert_eq!(
            written(1230, Currency::Eur),
            r#"{"amount":"12.30","currency":"EUR"}"#
        );
        assert_eq!(
            written(-5, Currency::Usd),
            r#"{"amount":"-0.05","currency":"USD"}"#
        );
        assert_eq!(
            written(1230, Currency::Jpy),
            r#"{"amount":"1230","currency":"JPY"}"#
        );
        assert_eq!(
            written(1230, Currency::Kwd),
            r#"{"amount":"1.230","currency":"KWD"}"#
        );
    }

    #[test]
    fn trailing_zeros_are_not_precision() {
        assert_eq!(
            Money::parse("1299.990", Currency::Eur),
            Ok(Money::from_minor(129_999, Currency::Eur))
        );
        assert_eq!(
            Money::parse("1299.9", Currency::Eur),
            Ok(Money::from_minor(129_990, Currency::Eur))
        );
    }

    #[test]
    fn what_is_not_an_exact_amount_is_refused() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "1_000", "1,5", "NaN", "∞", " 1", "1 ",
        ] {
            assert_eq!(
                Money::parse(text, Currency::Eur),
                Err(MoneyError::NotDecimal(text.to_owned()))
            );
        }
        assert!(matches!(
            Money::parse("0.001", Currency::Eur),
            Err(MoneyError::TooPrecise { .. })
        ));
        assert!(matches!(
            Money::parse("0.5", Currency::Jpy),
            Err(MoneyError::TooPrecise { .. })
        ));
        assert!(matches!(
            Money::parse("92233720368547758.08", Currency::Eur),
            Err(MoneyError::TooLarge(_))
        ));
        assert!(matches!(
            Money::parse(&"9".repeat(200), Currency::Eur),
            Err(MoneyError::TooLarge(_))
        ));
    }
}
