//! A Prometheus histogram as a service exposes it: enough to subtract two of them and to estimate a percentile.

use std::collections::BTreeMap;

/// Upper bound in microseconds → how many observations are not above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Adds the buckets of every series of this name.
    pub(super) fn add(&mut self, exposition: &str, name: &str) {
        let prefix = format!("{name}_bucket{{");
        for line in exposition.lines().filter(|line| line.starts_with(&prefix)) {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let bound = series
                .split_once("le=\"")
                .and_then(|(_, rest)| rest.split('"').next());
            let bound = match bound {
                Some("+Inf") => Some(u64::MAX),
                Some(seconds) => seconds.parse::<f64>().ok().map(microseconds),
                None => None,
            };
            if let (Some(bound), Ok(number)) = (bound, value.parse::<u64>()) {
                *self.0.entry(bound).or_default() += number;
            }
        }
    }

    /// What has come since an earlier look.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let difference = |(bound, number): (&u64, &u64)| {
            let before = earlier.0.get(bound).copied().unwrap_or(0);
            (*bound, number.saturating_sub(before))
        };
        Self(self.0.iter().map(difference).collect())
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().last().copied().unwrap_or(0)
    }

    /// In seconds, evenly spread within a bucket as Prometheus' `histogram_quantile` does; above the last bound, that bound.
    pub(super) fn percentile(&self, percent: u64) -> Option<f64> {
        let rank = (self.count() * percent).div_ceil(100);
        if rank == 0 {
            return None;
        }
        let (mut lower, mut below) = (0_u64, 0_u64);
        for (bound, number) in &self.0 {
            if *number >= rank {
                if *bound == u64::MAX {
                    return Some(seconds(lower));
                }
                let share = seconds(rank - below) / seconds((number - below).max(1));
                return Some(seconds(lower) + (seconds(*bound) - seconds(lower)) * share);
            }
            (lower, below) = (*bound, *number);
        }
        None
    }
}

fn microseconds(seconds: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|time| u64::try_from(time.as_micros()).ok())
        .unwrap_or(u64::MAX)
}

/// A number of microseconds in seconds; for ratios, any number.
fn seconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE delay histogram
delay_bucket{consumer=\"a\",le=\"0.01\"} 50
delay_bucket{consumer=\"a\",le=\"0.1\"} 90
delay_bucket{consumer=\"a\",le=\"+Inf\"} 100
delay_bucket{consumer=\"b\",le=\"0.01\"} 50
delay_bucket{consumer=\"b\",le=\"0.1\"} 100
delay_bucket{consumer=\"b\",le=\"+Inf\"} 100
delay_sum{consumer=\"a\"} 1
other_bucket{le=\"0.01\"} 7
";

    fn read() -> Histogram {
        let mut histogram = Histogram::default();
        histogram.add(TEXT, "delay");
        histogram
    }

    #[test]
    fn series_are_added_and_percentiles_lie_within_their_bucket() {
        let histogram = read();
        assert_eq!(histogram.count(), 200);
        let near = |percent, expected: f64| {
            let found = histogram.percentile(percent).unwrap();
            assert!((found - expected).abs() < 1e-9, "{found}");
        };
        near(50, 0.01);
        near(95, 0.1);
        near(25, 0.005);
        near(99, 0.1);
    }

    #[test]
    fn only_what_came_since_counts() {
        let nothing = read().since(&read());
        assert_eq!((nothing.count(), nothing.percentile(99)), (0, None));
    }
}
