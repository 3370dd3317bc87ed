//! How long after an event its consumers have done what it asks for.

use std::time::Duration;

use super::Bench;
use crate::{
    bench::{
        Goal,
        figures::{Times, milliseconds, short},
        histogram::Histogram,
        load::{self, Load},
        tell,
    },
    http,
};

/// One in so many of the orders that this machine finishes in a second when it has a thousand at once. One at a time costs more than
/// twice as much, PostgreSQL, the provider and this load on the same cores: it is busy then for some two thirds of its time.
const STEADY_SHARE: u32 = 4;
/// The median of so many rounds counts: one in which somebody else had the machine's cores says nothing about us.
const ROUNDS: usize = 3;
const P99_MS: Goal = Goal(100.0);

impl Bench<'_> {
    /// What arrives faster than it is worked off waits ever longer, which says nothing about how soon an event is heard.
    pub(super) async fn steady_event_delay(&self, finished_per_second: u32) -> Result<(), String> {
        let load = Load {
            per_second: (finished_per_second / STEADY_SHARE).max(1),
            ..self.order.clone()
        };
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let before = self.event_delays().await?;
            load::run(&load).await?;
            self.settle().await?;
            rounds.extend(self.event_delay_since(&before).await?);
        }
        self.tell_event_delay(load.per_second, rounds);
        Ok(())
    }

    /// The 99th percentile of what came since `before`, if anything did.
    pub(super) async fn event_delay_since(
        &self,
        before: &Histogram,
    ) -> Result<Option<Duration>, String> {
        let p99 = self.event_delays().await?.since(before).percentile(99);
        Ok(p99.map(Duration::from_secs_f64))
    }

    /// How long the services' consumers have taken from an event to its effect.
    pub(super) async fn event_delays(&self) -> Result<Histogram, String> {
        let mut all = Histogram::default();
        for service in ["orders", "inventory", "payments", "notifications"] {
            let url = format!("http://{}/metrics", self.world.address(service, "http")?);
            all.add(&http::get(&url).await?.text(), "consumer_delay_seconds");
        }
        Ok(all)
    }

    /// Tells the median of these rounds under so many orders a second.
    pub(super) fn tell_event_delay(&self, per_second: u32, rounds: Vec<Duration>) {
        let each: Vec<_> = rounds.iter().map(|p99| short(milliseconds(*p99))).collect();
        let Some(rounds) = Times::new(rounds) else {
            return;
        };
        let (what, reporter) = ("event to effect", &self.session.reporter);
        let condition = format!("{per_second} orders a second");
        let (p99_ms, goal) = (rounds.p50_ms(), Some(P99_MS));
        tell(reporter, what, &condition, "p99", (p99_ms, "ms"), goal);
        reporter.print(&format!(
            "{what}, {condition}: p99 {} ms (goal {:.0}; rounds: {})",
            short(p99_ms),
            P99_MS.0,
            each.join(", ")
        ));
    }
}
