//! Whole numbers that people and services send, and how large they may be.

use super::Violation;

/// Units of one line of an order, as orders have it.
pub(crate) const MAX_LINE_QUANTITY: i64 = 999;
/// Lines of one hold.
pub(crate) const MAX_LINES: usize = 100;
/// Units that one request may add, take away, or name as a threshold.
pub(crate) const MAX_UNITS: i64 = 1_000_000;
/// Units on one shelf.
pub(crate) const MAX_ON_HAND: i64 = 1_000_000_000;
/// How long a hold lasts unless somebody says otherwise: longer than a payment may take.
pub(crate) const DEFAULT_LIFETIME_S: i64 = 20 * 60;
/// How long it may last.
pub(crate) const MAX_LIFETIME_S: i64 = 24 * 60 * 60;
/// At how many units a vendor is told that stock runs short, unless they say otherwise.
pub(crate) const DEFAULT_THRESHOLD: i64 = 5;

/// `value` if it lies between `min` and `max`.
pub(crate) fn within(field: &str, value: i64, min: i64, max: i64) -> Result<i64, Violation> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        let message = format!("must be from {min} to {max}, is {value}");
        Err(Violation::new(field, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_bounds_is_named_with_its_bounds() {
        assert_eq!(within("quantity", 999, 1, 999), Ok(999));
        for value in [0, -1, 1000, i64::MAX, i64::MIN] {
            let violation = within("quantity", value, 1, 999).unwrap_err();
            assert_eq!(violation.field, "quantity");
            assert!(violation.message.starts_with("must be from 1 to 999"));
        }
    }
}
