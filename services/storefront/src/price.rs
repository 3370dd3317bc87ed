//! Amounts of money as a shopper reads them.

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
    format!(
        "{sign}{}{}{fraction}",
        symbol(price.currency),
        grouped(whole)
    )
}

/// Reads what somebody typed into a price field: a sign of the euro, spaces and a decimal comma are all right.
pub(crate) fn read_euros(typed: &str) -> Result<Money, &'static str> {
    let plain = typed
        .trim()
        .trim_start_matches('€')
        .trim_end_matches('€')
        .trim()
        .replace(',', ".");
    match Money::parse(&plain, Currency::Eur) {
        Ok(price) if price.minor < 0 => Err("A price cannot be below zero."),
        Ok(price) => Ok(price),
        Err(contracts::MoneyError::TooPrecise { .. }) => {
            Err("Use at most two digits after the point.")
        }
        Err(contracts::MoneyError::TooLarge(_)) => Err("That is more than anything here costs."),
        Err(contracts::MoneyError::NotDecimal(_)) => Err("Write an amount such as 20 or 19.90."),
    }
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
pub(crate) fn grouped(digits: &str) -> String {
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
    fn amounts_are_grouped_in_thousands_behind_their_sign() {
        let written = |minor, currency| text(Money::from_minor(minor, currency));
        assert_eq!(written(129_900, Currency::Eur), "€1,299.00");
        assert_eq!(written(5, Currency::Eur), "€0.05");
        assert_eq!(written(123_456_789, Currency::Gbp), "£1,234,567.89");
        assert_eq!(written(-250, Currency::Usd), "−$2.50");
        assert_eq!(written(1500, Currency::Jpy), "JPY\u{a0}1,500");
    }

    #[test]
    fn what_people_type_as_a_price_is_understood() {
        for typed in ["19.90", "19,90", " 19.9 ", "€19.90", "19,90 €"] {
            assert_eq!(
                read_euros(typed),
                Ok(Money::from_minor(1990, Currency::Eur)),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_is_not_a_price_is_answered_with_what_to_write() {
        assert_eq!(
            read_euros("abc"),
            Err("Write an amount such as 20 or 19.90.")
        );
        assert_eq!(read_euros("-3"), Err("A price cannot be below zero."));
        assert_eq!(
            read_euros("3.999"),
            Err("Use at most two digits after the point.")
        );
        assert_eq!(
            read_euros(&"9".repeat(20)),
            Err("That is more than anything here costs.")
        );
    }
}
