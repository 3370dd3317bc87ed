//! Percentiles and how they are written.

use std::time::Duration;

/// Lengths of time in ascending order, at least one.
#[derive(Debug, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        (!times.is_empty()).then_some(Self(times))
    }

    /// The smallest time that at least this share (in percent) of all does not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank.min(self.0.len()) - 1]
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        milliseconds(self.percentile(50))
    }

    pub(crate) fn p95_ms(&self) -> f64 {
        milliseconds(self.percentile(95))
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        milliseconds(self.percentile(99))
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// `0.84`, `12.3`, `140`: three digits that mean something.
pub(crate) fn short(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: impl IntoIterator<Item = u64>) -> Times {
        Times::new(
            milliseconds
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
        )
        .unwrap()
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let hundred = times((1..=100).rev());
        assert_eq!(
            (hundred.p50_ms(), hundred.p95_ms(), hundred.p99_ms()),
            (50.0, 95.0, 99.0)
        );
        let one = times([7]);
        assert_eq!((one.p50_ms(), one.p99_ms()), (7.0, 7.0));
        assert!(Times::new(Vec::new()).is_none());
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(
            [short(0.841), short(12.34), short(140.4)],
            ["0.84", "12.3", "140"]
        );
    }
}
