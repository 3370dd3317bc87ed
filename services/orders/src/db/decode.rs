//! What a column's text means: constraints let nothing else in, so anything else is a fault of ours.

use std::str::FromStr as _;

use contracts::{Currency, Money};

use crate::domain::order::{Ending, Pay, RefundState, State, Stock};

fn unknown(column: &str, text: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{column} is {text:?}").into())
}

pub(super) fn state(text: &str) -> sqlx::Result<State> {
    State::parse(text).ok_or_else(|| unknown("state", text))
}

pub(super) fn stock(text: &str) -> sqlx::Result<Stock> {
    Stock::parse(text).ok_or_else(|| unknown("stock", text))
}

pub(super) fn pay(text: &str) -> sqlx::Result<Pay> {
    Pay::parse(text).ok_or_else(|| unknown("pay", text))
}

pub(super) fn ending(text: Option<&str>) -> sqlx::Result<Option<Ending>> {
    text.map(|text| Ending::parse(text).ok_or_else(|| unknown("ending", text)))
        .transpose()
}

pub(super) fn refund_state(text: &str) -> sqlx::Result<RefundState> {
    RefundState::parse(text).ok_or_else(|| unknown("refund.state", text))
}

pub(super) fn currency(text: &str) -> sqlx::Result<Currency> {
    Currency::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn money(minor: i64, text: &str) -> sqlx::Result<Money> {
    currency(text).map(|currency| Money::from_minor(minor, currency))
}
