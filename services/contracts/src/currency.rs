//! The currencies the platform can price in: a closed list, so that the number of decimals is known wherever an amount is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency, written as its three capital letters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Swiss franc.
    Chf,
    /// Czech koruna.
    Czk,
    /// Danish krone.
    Dkk,
    /// Euro: what a price without a currency is in.
    #[default]
    Eur,
    /// Pound sterling.
    Gbp,
    /// Yen, which has no decimals.
    Jpy,
    /// Kuwaiti dinar, which has three.
    Kwd,
    /// Norwegian krone.
    Nok,
    /// Złoty.
    Pln,
    /// Swedish krona.
    Sek,
    /// United States dollar.
    Usd,
}

impl Currency {
    /// Every currency, in alphabetical order.
    pub const ALL: [Self; 11] = [
        Self::Chf,
        Self::Czk,
        Self::Dkk,
        Self::Eur,
        Self::Gbp,
        Self::Jpy,
        Self::Kwd,
        Self::Nok,
        Self::Pln,
        Self::Sek,
        Self::Usd,
    ];

    /// The three letters of ISO 4217.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chf => "CHF",
            Self::Czk => "CZK",
            Self::Dkk => "DKK",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
            Self::Jpy => "JPY",
            Self::Kwd => "KWD",
            Self::Nok => "NOK",
            Self::Pln => "PLN",
            Self::Sek => "SEK",
            Self::Usd => "USD",
        }
    }

    /// How many decimals one unit has (the "minor unit" column of ISO 4217).
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Jpy => 0,
            Self::Kwd => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

/// The text is not one of [`Currency::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a currency of this platform: expected one of CHF, CZK, DKK, EUR, GBP, JPY, KWD, NOK, PLN, SEK, USD"
)]
pub struct UnknownCurrency(pub String);

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|currency| currency.code() == code)
            .ok_or_else(|| UnknownCurrency(code.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_parses_to_its_currency_and_serialises_as_itself() {
        for currency in Currency::ALL {
            assert_eq!(currency.code().parse(), Ok(currency));
            assert_eq!(serde_json::to_value(currency).unwrap(), currency.code());
        }
    }

    #[test]
    fn lower_case_is_not_a_currency() {
        let error = "eur".parse::<Currency>().unwrap_err();
        assert!(
            error.to_string().starts_with("\"eur\" is not a currency"),
            "{error}"
        );
    }
}
