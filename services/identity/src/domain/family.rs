//! The refresh tokens of one session: a chain in which only the newest one counts.
//!
//! A used token that comes back means that two parties hold the chain, and one of them is a thief; nobody can say which, so
//! the whole session ends. With one exception: a browser with two tabs sends the same token twice within moments. The
//! immediate predecessor of the newest token is therefore answered with that newest token again for a few seconds; this
//! makes no second live token, and whoever of the two uses a used one later still gives the theft away.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// How long the predecessor of the newest token may be presented again.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// A session's chain of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Family {
    /// The generation of the newest token, the only one that was not used. The first one is 1.
    pub(crate) newest: u32,
    /// When the newest one was made from its predecessor; nothing for the first.
    pub(crate) rotated_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) ended: bool,
}

/// What becomes of a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is used up and its successor is handed out.
    Rotated,
    /// It was used a moment ago: the same successor is handed out again.
    Repeated,
    /// It was used long ago: the session ends.
    Reused,
    /// The session has ended, or has reached its age.
    Refused,
}

impl Family {
    /// What presenting the token of this generation makes of the family.
    pub(crate) fn present(self, generation: u32, now: DateTime<Utc>) -> (Self, Outcome) {
        if self.ended || now >= self.expires_at {
            return (self, Outcome::Refused);
        }
        if generation == self.newest {
            let next = Self {
                newest: self.newest + 1,
                rotated_at: Some(now),
                ..self
            };
            return (next, Outcome::Rotated);
        }
        if generation + 1 == self.newest && self.is_in_grace(now) {
            return (self, Outcome::Repeated);
        }
        (self.end(), Outcome::Reused)
    }

    /// The family after it was ended; ending it again changes nothing.
    pub(crate) const fn end(self) -> Self {
        Self {
            ended: true,
            ..self
        }
    }

    fn is_in_grace(&self, now: DateTime<Utc>) -> bool {
        // A negative age is a clock that was set back, and as good as none.
        self.rotated_at
            .is_some_and(|at| (now - at).to_std().unwrap_or_default() < GRACE)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const LIFETIME_S: i64 = 40;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn begun() -> Family {
        Family {
            newest: 1,
            rotated_at: None,
            expires_at: at(LIFETIME_S),
            ended: false,
        }
    }

    /// What must hold of every step, whatever state it was taken in.
    fn assert_lawful(before: Family, generation: u32, now: DateTime<Utc>) -> Family {
        let (after, outcome) = before.present(generation, now);
        match outcome {
            Outcome::Rotated => {
                assert!(!before.ended && now < before.expires_at);
                assert_eq!(generation, before.newest, "only the newest token rotates");
                assert_eq!(
                    after.newest,
                    before.newest + 1,
                    "one live token becomes one live token"
                );
            }
            Outcome::Repeated => {
                assert_eq!(after, before, "repeating an answer changes nothing");
                assert_eq!(generation + 1, before.newest);
                assert!(now - before.rotated_at.unwrap() < chrono::TimeDelta::seconds(5));
            }
            Outcome::Reused => assert!(after.ended, "a reused token ends the family"),
            Outcome::Refused => assert_eq!(after, before),
        }
        if before.ended {
            assert!(after.ended, "an ended family never comes back");
            assert_eq!(outcome, Outcome::Refused);
        }
        let in_grace = before
            .rotated_at
            .is_some_and(|then| now - then < chrono::TimeDelta::seconds(5));
        let used = generation < before.newest;
        if used && !(in_grace && generation + 1 == before.newest) {
            assert!(
                after.ended || now >= before.expires_at,
                "a reused token always ends the family"
            );
        }
        assert!(
            after.newest >= before.newest,
            "no used token becomes live again"
        );
        after
    }

    #[test]
    fn every_reachable_state_keeps_the_invariants() {
        // Exhaustive: tokens of up to five generations, presented or the session ended, at every second of its life.
        let mut seen: HashSet<(Family, i64)> = HashSet::new();
        let mut open = vec![(begun(), 0)];
        while let Some((family, second)) = open.pop() {
            if second > LIFETIME_S + 2 || family.newest > 5 || !seen.insert((family, second)) {
                continue;
            }
            for generation in 1..=family.newest {
                open.push((assert_lawful(family, generation, at(second)), second));
            }
            assert_eq!(family.end().end(), family.end());
            open.push((family.end(), second));
            open.push((family, second + 1));
        }
        assert!(seen.len() > 1_000, "{} states", seen.len());
    }

    proptest! {
        #[test]
        fn a_thief_and_the_owner_cannot_both_stay(owner_first: bool, pauses in proptest::collection::vec(6_i64..20, 2..20)) {
            // Both hold generation 1 and use what they last got, in turns, more than the grace apart.
            let mut family = Family { expires_at: at(1_000_000), ..begun() };
            let mut held = [1, 1];
            let mut second = 0;
            let mut ended = false;
            for (turn, pause) in pauses.into_iter().enumerate() {
                second += pause;
                let who = (turn + usize::from(owner_first)) % 2;
                let (after, outcome) = family.present(held[who], at(second));
                family = after;
                if outcome == Outcome::Rotated {
                    held[who] = family.newest;
                }
                ended |= outcome == Outcome::Reused;
            }
            prop_assert!(ended && family.ended);
        }

        #[test]
        fn one_who_uses_each_token_once_is_never_logged_out(pauses in proptest::collection::vec(0_i64..100, 0..200)) {
            let mut family = Family { expires_at: at(1_000_000), ..begun() };
            let mut second = 0;
            for pause in pauses {
                second += pause;
                let (after, outcome) = family.present(family.newest, at(second));
                prop_assert_eq!(outcome, Outcome::Rotated);
                family = after;
            }
        }

        #[test]
        fn two_tabs_within_moments_stay_logged_in(first in 0_i64..1000, after in 0_i64..5) {
            let family = Family { expires_at: at(1_000_000), ..begun() };
            let (family, _) = family.present(1, at(first));
            let (family, outcome) = family.present(1, at(first + after));
            prop_assert_eq!(outcome, Outcome::Repeated);
            prop_assert_eq!(family.present(2, at(first + after)).1, Outcome::Rotated);
        }
    }
}
