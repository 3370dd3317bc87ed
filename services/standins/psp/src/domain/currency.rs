//! The currencies that are taken, and how an amount of one is written in a message.

/// A selection of Stripe's, in its own order of the alphabet.
const CURRENCIES: [&str; 24] = [
    "aud", "bgn", "brl", "cad", "chf", "cny", "czk", "dkk", "eur", "gbp", "hkd", "huf", "inr",
    "isk", "jpy", "mxn", "nok", "nzd", "pln", "ron", "sek", "sgd", "usd", "zar",
];
/// Those without minor units.
const WHOLE: [&str; 1] = ["jpy"];

/// The currency in lower case, if it is one of ours.
pub(crate) fn parse(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    CURRENCIES.contains(&lower.as_str()).then_some(lower)
}

/// All of them, for the message that refuses another.
pub(crate) fn all() -> String {
    CURRENCIES.join(", ")
}

/// For people: `12.34 EUR`.
pub(crate) fn display(amount: i64, currency: &str) -> String {
    let name = currency.to_ascii_uppercase();
    if WHOLE.contains(&currency) {
        format!("{amount} {name}")
    } else {
        format!("{}.{:02} {name}", amount / 100, amount % 100)
    }
}
