//! How long to wait before the same question is put to the provider again.

use std::{str::FromStr, time::Duration};

/// The pauses before the second, third, … try; the last one repeats. Parses from milliseconds: `1000,5000,30000,120000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pauses(Vec<Duration>);

impl Pauses {
    /// After so many failures in a row; `spread`, from 0 to 1, keeps those that failed together from returning together.
    pub(crate) fn after(&self, failures: i32, spread: f64) -> Duration {
        let index = usize::try_from(failures - 1).unwrap_or(0);
        let longest = self.0[index.min(self.0.len() - 1)];
        longest.mul_f64(0.7 + 0.3 * spread.clamp(0.0, 1.0))
    }
}

impl FromStr for Pauses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pauses: Result<Vec<u64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        match pauses {
            Ok(pauses) if pauses.iter().all(|pause| *pause > 0) => Ok(Self(
                pauses.into_iter().map(Duration::from_millis).collect(),
            )),
            _ => Err(format!(
                "{text:?} is not a list of milliseconds such as 1000,5000,30000"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_last_one_repeats() {
        let pauses: Pauses = "1000,5000,30000,120000".parse().unwrap();
        let longest: Vec<_> = (1..=6)
            .map(|failures| pauses.after(failures, 1.0).as_secs())
            .collect();
        assert_eq!(longest, [1, 5, 30, 120, 120, 120]);
        assert_eq!(pauses.after(2, 0.0), Duration::from_millis(3_500));
        assert_eq!(pauses.after(0, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn what_is_no_list_of_pauses_is_refused() {
        for text in ["", "0", "1,,2", "1;2", "-1", "1.5"] {
            assert!(text.parse::<Pauses>().is_err(), "{text}");
        }
    }
}
