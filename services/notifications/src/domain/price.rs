//! Amounts of money as people read them.

use contracts::{Currency, Money};

/// `€1,299.00`, or `CHF 1,299.00` for a currency without a sign that everybody reads the same way.
pub(crate) fn text(price: Money) -> String {
    let amount = price.amount();
    let (sign, unsigned) = match amount.strip_prefix('-') {
        Some(rest) => ("−", rest),
        None => ("", amount.as_str()),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (unsigned, String::new()),
    };
    let (symbol, whole) = (symbol(price.currency), grouped(whole));
    format!("{sign}{symbol}{whole}{fraction}")
}

fn symbol(currency: Currency) -> String {
    match currency {
        Currency::Eur => "€".to_owned(),
        Currency::Gbp => "£".to_owned(),
        Currency::Usd => "$".to_owned(),
        other => format!("{}\u{a0}", other.code()),
    }
}

/// Puts a comma between thousands.
fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_in_the_shop() {
        let written = |minor, currency| text(Money::from_minor(minor, currency));
        assert_eq!(written(129_900, Currency::Eur), "€1,299.00");
        assert_eq!(written(5, Currency::Gbp), "£0.05");
        assert_eq!(written(-100_000_050, Currency::Usd), "−$1,000,000.50");
        assert_eq!(written(123_456, Currency::Chf), "CHF\u{a0}1,234.56");
    }
}
