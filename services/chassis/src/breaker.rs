//! A circuit breaker: stops asking a service that does not answer, and lets one call through from time to time to see whether
//! it does again (M. Nygard, "Release It!").

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus::IntGauge;

use crate::metrics::{BREAKER_STATE, Metrics};

/// Failures in a row after which it opens.
pub const FAILURES: u32 = 5;
/// How long it stays open before it lets one call through.
pub const OPEN_FOR: Duration = Duration::from_secs(30);

/// Decides whether a call is made. Cheap to clone; clones share their state.
#[derive(Clone)]
pub struct Breaker {
    state: Arc<Mutex<State>>,
    open_for: Duration,
    gauge: IntGauge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        since: Instant,
    },
    /// One call is on its way, since then.
    HalfOpen {
        since: Instant,
    },
}

/// The call is not made; it is worth trying after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has not answered for a while and is not asked for another {} ms", retry_after.as_millis())]
pub struct Open {
    /// Until the next call is let through.
    pub retry_after: Duration,
}

/// What a call that is prepared now would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Leave.
    Closed,
    /// Leave, for the first one that asks.
    Probe,
    /// A refusal.
    Open,
}

impl Breaker {
    /// Closed; `target` names it in metrics.
    pub fn new(target: &str, metrics: &Metrics) -> Self {
        Self::opening_for(OPEN_FOR, target, metrics)
    }

    /// The same with another time to stay open.
    pub fn opening_for(open_for: Duration, target: &str, metrics: &Metrics) -> Self {
        let gauge = metrics.gauge(&BREAKER_STATE).with_label_values(&[target]);
        gauge.set(0);
        Self {
            state: Arc::new(Mutex::new(State::Closed { failures: 0 })),
            open_for,
            gauge,
        }
    }

    /// Asks for leave to call. Each leave must be followed by [`Self::succeeded`] or [`Self::failed`]; one that is not (its
    /// task was cancelled) counts as failed after the time that the breaker stays open.
    pub fn admit(&self) -> Result<(), Open> {
        self.change(|state| state.admit(Instant::now(), self.open_for))
    }

    /// What [`Self::admit`] would say now, for who has to prepare a call before it asks for leave.
    pub fn outlook(&self) -> Outlook {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { .. } => Outlook::Closed,
            State::Open { since } | State::HalfOpen { since } => {
                if since.elapsed() < self.open_for {
                    Outlook::Open
                } else {
                    Outlook::Probe
                }
            }
        }
    }

    /// The call was answered, whatever the answer.
    pub fn succeeded(&self) {
        self.change(|state| *state = State::Closed { failures: 0 });
    }

    /// The call was not answered, or with a failure of the other side's own.
    pub fn failed(&self) {
        self.change(|state| state.fail(Instant::now()));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut state);
        self.gauge.set(match *state {
            State::Closed { .. } => 0,
            State::HalfOpen { .. } => 1,
            State::Open { .. } => 2,
        });
        outcome
    }
}

impl State {
    fn admit(&mut self, now: Instant, open_for: Duration) -> Result<(), Open> {
        match *self {
            Self::Closed { .. } => Ok(()),
            Self::Open { since } | Self::HalfOpen { since } => {
                let elapsed = now.saturating_duration_since(since);
                if elapsed < open_for {
                    let retry_after = open_for.saturating_sub(elapsed);
                    return Err(Open { retry_after });
                }
                *self = Self::HalfOpen { since: now };
                Ok(())
            }
        }
    }

    fn fail(&mut self, now: Instant) {
        *self = match *self {
            Self::Closed { failures } if failures + 1 < FAILURES => Self::Closed {
                failures: failures + 1,
            },
            // Calls that were on their way when it opened do not keep it open for longer.
            Self::Open { since } => Self::Open { since },
            Self::Closed { .. } | Self::HalfOpen { .. } => Self::Open { since: now },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_failures(number: u32, now: Instant) -> State {
        let mut state = State::Closed { failures: 0 };
        for _ in 0..number {
            state.fail(now);
        }
        state
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        let now = Instant::now();
        assert!(after_failures(4, now).admit(now, OPEN_FOR).is_ok());
        let refused = after_failures(5, now).admit(now, OPEN_FOR);
        assert_eq!(
            refused,
            Err(Open {
                retry_after: OPEN_FOR
            })
        );
    }

    #[test]
    fn after_its_time_one_call_is_let_through() {
        let now = Instant::now();
        let mut state = after_failures(5, now);
        let later = now + OPEN_FOR;
        assert!(state.admit(later, OPEN_FOR).is_ok());
        assert!(state.admit(later, OPEN_FOR).is_err(), "only one");
        state.fail(later);
        assert!(state.admit(later, OPEN_FOR).is_err(), "open again");
        assert!(state.admit(later + OPEN_FOR, OPEN_FOR).is_ok());
    }

    #[test]
    fn an_answer_closes_it() {
        let breaker = Breaker::opening_for(Duration::ZERO, "test", &Metrics::new("test"));
        for _ in 0..FAILURES {
            breaker.failed();
        }
        assert_eq!(breaker.gauge.get(), 2);
        assert_eq!(breaker.outlook(), Outlook::Probe);
        assert!(breaker.admit().is_ok());
        assert_eq!(breaker.gauge.get(), 1);
        breaker.succeeded();
        assert_eq!(breaker.gauge.get(), 0);
        for _ in 1..FAILURES {
            breaker.failed();
        }
        assert_eq!(breaker.gauge.get(), 0, "the count began anew");
    }
}
