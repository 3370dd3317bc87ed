//! How long somebody who failed has to wait before the next try.
//!
//! What is counted is an account together with one client, and each client alone, never an account alone: a stranger who
//! tries somebody's account slows only himself down.

use std::time::Duration;

/// How failures become waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Failures that cost nothing: people mistype.
    pub(crate) free: u32,
    /// The longest wait.
    pub(crate) longest: Duration,
    /// After this long without a failure it is as though there had been none.
    pub(crate) forget: Duration,
}

/// For one account from one client.
pub(crate) const ACCOUNT_AND_CLIENT: Policy = Policy {
    free: 5,
    longest: Duration::from_mins(15),
    forget: Duration::from_hours(24),
};

/// For one client, whatever accounts it tries; many people may share its address.
pub(crate) const CLIENT: Policy = Policy {
    free: 30,
    longest: Duration::from_mins(15),
    forget: Duration::from_hours(1),
};

/// For registrations from one client: each one is counted, for each costs a hash and may tell whether an address is taken.
pub(crate) const fn registrations(free: u32) -> Policy {
    Policy {
        free,
        longest: Duration::from_mins(5),
        forget: Duration::from_hours(1),
    }
}

/// For asking for a new password from one client: each one is counted, for each may send somebody a mail.
pub(crate) const RESET_REQUESTS: Policy = Policy {
    free: 10,
    longest: Duration::from_mins(5),
    forget: Duration::from_hours(1),
};

impl Policy {
    /// How long to wait still, after so many failures of which the last one was `ago`.
    pub(crate) fn wait(&self, failures: u32, ago: Duration) -> Option<Duration> {
        if ago >= self.forget {
            return None;
        }
        self.pause(failures)
            .checked_sub(ago)
            .filter(|left| !left.is_zero())
    }

    /// One second after the last free failure, and twice as long with each further one.
    fn pause(&self, failures: u32) -> Duration {
        let Some(over) = failures.checked_sub(self.free) else {
            return Duration::ZERO;
        };
        Duration::from_secs(1)
            .saturating_mul(2_u32.saturating_pow(over.min(31)))
            .min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_failures_are_free_and_each_further_one_doubles_the_wait() {
        let wait = |failures| ACCOUNT_AND_CLIENT.wait(failures, Duration::ZERO);
        assert_eq!((wait(0), wait(4)), (None, None));
        assert_eq!(wait(5), Some(Duration::from_secs(1)));
        assert_eq!(wait(8), Some(Duration::from_secs(8)));
        assert_eq!(wait(40), Some(Duration::from_mins(15)));
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_the_longest_and_everybody_gets_another_try(failures: u32, seconds in 0_u64..100_000) {
            let ago = Duration::from_secs(seconds);
            for policy in [ACCOUNT_AND_CLIENT, CLIENT, registrations(20)] {
                let left = policy.wait(failures, ago).unwrap_or_default();
                prop_assert!(left + ago.min(policy.longest) <= policy.longest);
                prop_assert_eq!(policy.wait(failures, policy.longest), None);
            }
        }

        #[test]
        fn more_failures_never_shorten_the_wait(failures in 0_u32..1000, seconds in 0_u64..1000) {
            let ago = Duration::from_secs(seconds);
            prop_assert!(CLIENT.wait(failures, ago) <= CLIENT.wait(failures + 1, ago));
        }
    }
}
