//! How long after an event its consumers have done what it asks for.

use super::Bench;
use crate::{
    bench::{
        Goal,
        histogram::Histogram,
        load::{self, Load},
        tell,
    },
    http,
};

/// Orders a second that two cores finish as they come, PostgreSQL, the provider and this load on the same two.
const STEADY_PER_SECOND: u32 = 40;
const P99_MS: Goal = Goal(100.0);

impl Bench<'_> {
    /// What arrives faster than it is worked off waits ever longer, which says nothing about how soon an event is heard.
    pub(super) async fn steady_event_delay(&self) -> Result<(), String> {
        let load = Load {
            per_second: STEADY_PER_SECOND,
            ..self.order.clone()
        };
        let before = self.event_delays().await?;
        load::run(&load).await?;
        self.settle().await?;
        self.tell_event_delay(load.per_second, &before).await
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

    /// How long it was since `before`, under so many orders a second.
    pub(super) async fn tell_event_delay(
        &self,
        per_second: u32,
        before: &Histogram,
    ) -> Result<(), String> {
        let delays = self.event_delays().await?.since(before);
        let Some(p99) = delays.percentile(99) else {
            return Ok(());
        };
        let (what, reporter) = ("event to effect", &self.session.reporter);
        let condition = format!("{per_second} orders a second");
        let p99_ms = p99 * 1_000.0;
        let goal = Some(P99_MS);
        tell(reporter, what, &condition, "p99", (p99_ms, "ms"), goal);
        reporter.print(&format!(
            "{what}, {condition}: p99 {p99_ms:.0} ms of {} events (goal {:.0})",
            delays.count(),
            P99_MS.0
        ));
        Ok(())
    }
}
