//! Whether a payment is declined: the same for the same seed and key, so that a repeated request cannot get another answer.

use sha2::{Digest as _, Sha256};

use super::payment_method::{Decline, Habit, PaymentMethod};

/// What becomes of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approved,
    Declined(Decline),
}

/// Decides about `method`; `key` is the idempotency key of the request, or the intent's id when it has none.
pub(crate) fn decide(method: &PaymentMethod, seed: u64, key: &str, decline_rate: f64) -> Verdict {
    match method.habit() {
        Habit::Fails(decline) => Verdict::Declined(decline),
        Habit::Varies if chance(seed, key) < decline_rate => Verdict::Declined(Decline::GENERIC),
        Habit::Succeeds | Habit::Varies => Verdict::Approved,
    }
}

/// Evenly distributed from 0 up to, but without, 1.
fn chance(seed: u64, key: &str) -> f64 {
    let digest = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(key)
        .finalize();
    let high = digest
        .iter()
        .take(4)
        .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decline_rate_is_kept_and_the_verdict_repeats() {
        let method = PaymentMethod::parse("pm_saved").unwrap();
        let verdict = |seed, key: u32| decide(&method, seed, &key.to_string(), 0.3);
        let declined = (0..10_000)
            .filter(|key| verdict(7, *key) != Verdict::Approved)
            .count();
        assert!((2_800..3_200).contains(&declined), "{declined}");
        assert!((0..100).all(|key| verdict(7, key) == verdict(7, key)));
        assert!((0..100).any(|key| verdict(7, key) != verdict(8, key)));
    }

    #[test]
    fn a_rate_of_nought_and_of_one_leave_nothing_to_chance() {
        let method = PaymentMethod::parse("pm_saved").unwrap();
        for key in 0..1_000 {
            let key = key.to_string();
            assert_eq!(decide(&method, 1, &key, 0.0), Verdict::Approved);
            assert_ne!(decide(&method, 1, &key, 1.0), Verdict::Approved);
        }
    }
}
