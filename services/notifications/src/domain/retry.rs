//! When a mail is tried again: soon at first, in case it was a hiccup, then over hours, in case it is an outage.

use std::time::Duration;

/// Attempts after which a mail is given up.
pub(crate) const ATTEMPTS: i32 = 8;

/// Pauses after the first, second, … failed attempt, in units of the configured base (1 s): 2 hours 43 minutes in all.
const PAUSES: [u32; 7] = [1, 5, 30, 120, 600, 1_800, 7_200];

/// The pause after so many failed attempts; `spread` from 0 to 1 takes up to a third off, so that mails that failed
/// together do not return together. Nothing when that was the last attempt.
pub(crate) fn pause(attempts: i32, base: Duration, spread: f64) -> Option<Duration> {
    if attempts >= ATTEMPTS {
        return None;
    }
    let index = usize::try_from(attempts.max(1) - 1).unwrap_or(0);
    let longest = base * PAUSES[index.min(PAUSES.len() - 1)];
    Some(longest.mul_f64(1.0 - spread.clamp(0.0, 1.0) / 3.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_the_mail_is_given_up() {
        let base = Duration::from_secs(1);
        let pauses: Vec<_> = (1..=ATTEMPTS)
            .map(|attempts| pause(attempts, base, 0.0))
            .collect();
        assert_eq!(pauses[0], Some(base));
        assert!(pauses[..7].windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(pauses[7], None);
        let spread = pause(3, base, 1.0).unwrap();
        assert!(spread >= base * 20 && spread < base * 30, "{spread:?}");
    }
}
