//! How long to wait before the next start, and when ends in a row are a crash loop.
//!
//! The pause doubles so that a component that cannot start costs little, and varies so that many that fell together
//! do not come back together.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
const CRASH_LOOP: Duration = Duration::from_secs(15);
/// So long healthy, and earlier failures are forgiven.
const FORGIVEN_AFTER: Duration = Duration::from_secs(30);
/// So many ends within this time, never healthy in between, are a crash loop.
const ENDS: usize = 5;
const WITHIN: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Pauses since the last forgiveness.
    pauses: u32,
    /// When it ended since it was last healthy.
    ends: VecDeque<Instant>,
    looping: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) length: Duration,
    pub(super) crash_loop: bool,
}

impl Backoff {
    /// The pause after an end. `healthy_for` is how long that run was healthy, if it ever was; `spread` between 0 and 1
    /// is the draw for the jitter.
    pub(super) fn after_end(
        &mut self,
        now: Instant,
        healthy_for: Option<Duration>,
        spread: f64,
    ) -> Pause {
        if healthy_for.is_some() {
            self.ends.clear();
            self.looping = false;
        }
        if healthy_for.is_some_and(|span| span >= FORGIVEN_AFTER) {
            self.pauses = 0;
        }
        self.ends.push_back(now);
        while self
            .ends
            .front()
            .is_some_and(|end| now.duration_since(*end) > WITHIN)
        {
            self.ends.pop_front();
        }
        // The long pause itself keeps later ends further apart: only health leads out of a crash loop.
        self.looping |= self.ends.len() >= ENDS;
        let length = if self.looping {
            CRASH_LOOP
        } else {
            (FIRST * 2_u32.pow(self.pauses.min(10))).min(LONGEST)
        };
        self.pauses = self.pauses.saturating_add(1);
        Pause {
            length: length.mul_f64(0.8 + 0.4 * spread),
            crash_loop: self.looping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(pause: Pause) -> f64 {
        pause.length.as_secs_f64()
    }

    #[test]
    fn pauses_double_up_to_five_seconds_while_it_was_healthy_in_between() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        let pauses: Vec<f64> = (0..8)
            .map(|_| seconds(backoff.after_end(start, Some(Duration::from_secs(1)), 0.5)))
            .collect();
        assert_eq!(pauses, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]);
    }

    #[test]
    fn thirty_seconds_of_health_forgive_everything() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        for _ in 0..6 {
            backoff.after_end(start, None, 0.5);
        }
        let pause = backoff.after_end(start, Some(Duration::from_secs(30)), 0.5);
        assert_eq!(
            pause,
            Pause {
                length: Duration::from_millis(100),
                crash_loop: false
            }
        );
    }

    #[test]
    fn the_fifth_end_within_a_minute_is_a_crash_loop_until_it_is_healthy() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        let loops: Vec<bool> = (0..5)
            .map(|end| {
                backoff
                    .after_end(start + Duration::from_secs(end), None, 0.5)
                    .crash_loop
            })
            .collect();
        assert_eq!(loops, [false, false, false, false, true]);
        let much_later = start + Duration::from_mins(10);
        assert!(backoff.after_end(much_later, None, 0.5).crash_loop);
        assert!(
            !backoff
                .after_end(much_later, Some(Duration::from_secs(1)), 0.5)
                .crash_loop
        );
    }

    #[test]
    fn slow_failures_are_no_crash_loop() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        for end in 0..20 {
            assert!(
                !backoff
                    .after_end(start + Duration::from_secs(end * 20), None, 0.5)
                    .crash_loop
            );
        }
    }

    #[test]
    fn the_draw_moves_a_pause_by_a_fifth_at_most() {
        let pause = |spread| seconds(Backoff::default().after_end(Instant::now(), None, spread));
        assert!((pause(0.0) - 0.08).abs() < 1e-9 && (pause(1.0) - 0.12).abs() < 1e-9);
    }
}
