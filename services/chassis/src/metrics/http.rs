//! Rate, errors and duration of every route.

use std::time::Duration;

use prometheus::{HistogramVec, IntGauge, IntGaugeVec};

use super::{HTTP_SERVER_ACTIVE, HTTP_SERVER_DURATION, Metrics};

/// The methods that get a label of their own; everything else is `_OTHER`, so that a client cannot make series.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The metrics of a server.
#[derive(Clone)]
pub struct HttpMetrics {
    duration: HistogramVec,
    active: IntGaugeVec,
}

impl HttpMetrics {
    /// Registers both families.
    pub fn new(metrics: &Metrics) -> Self {
        let http = Self {
            duration: metrics.histogram(&HTTP_SERVER_DURATION),
            active: metrics.gauge(&HTTP_SERVER_ACTIVE),
        };
        for method in METHODS {
            http.active.with_label_values(&[method]);
        }
        http
    }

    /// Creates the series of one operation's good answer and of its failure, so that `rate()` sees the first request.
    pub fn expect(&self, method: &str, route: &str, status: &str) {
        for status in [status, "500"] {
            self.duration
                .with_label_values(&[label(method), route, status]);
        }
    }

    /// Counts a request as active until the guard is dropped, also when its client goes away.
    pub(crate) fn begin(&self, method: &str) -> ActiveRequest {
        let gauge = self.active.with_label_values(&[label(method)]);
        gauge.inc();
        ActiveRequest(gauge)
    }

    /// Counts an answer.
    pub(crate) fn observe(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut digits = [0_u8; 3];
        self.duration
            .with_label_values(&[label(method), route, status_label(status, &mut digits)])
            .observe(took.as_secs_f64());
    }
}

/// One request being answered.
pub(crate) struct ActiveRequest(IntGauge);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn label(method: &str) -> &str {
    if METHODS.contains(&method) {
        method
    } else {
        "_OTHER"
    }
}

/// The three digits of a status, without an allocation per request.
fn status_label(status: u16, digits: &mut [u8; 3]) -> &str {
    for (digit, power) in digits.iter_mut().zip([100, 10, 1]) {
        *digit =
            b'0' + u8::try_from(status / power % 10).expect("BUG: a remainder of ten is a digit");
    }
    std::str::from_utf8(digits).expect("BUG: digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_in_three_digits() {
        assert_eq!(status_label(204, &mut [0; 3]), "204");
        assert_eq!(status_label(500, &mut [0; 3]), "500");
    }

    #[test]
    fn an_invented_method_does_not_become_a_series() {
        assert_eq!(label("GET"), "GET");
        assert_eq!(label("BREW"), "_OTHER");
    }
}
