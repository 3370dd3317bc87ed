//! One journey under way: its hops, how long each took, and who is to blame when one fails.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use futures::future::join_all;

use super::World;
use crate::{events::Hop, health};

/// How long a component that is to blame may take to show that it is well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two looks at something that happens by itself.
const POLL: Duration = Duration::from_millis(250);

pub(super) struct Trip<'w> {
    pub(super) world: &'w World,
    journey: &'static str,
    on_hop: &'w (dyn Fn(&Hop) + Sync),
    hops: Vec<Hop>,
}

/// What a hop found, and the sentence that it is reported with.
pub(super) type Found<T> = Result<(T, String), String>;

impl<'w> Trip<'w> {
    pub(super) fn new(
        world: &'w World,
        journey: &'static str,
        on_hop: &'w (dyn Fn(&Hop) + Sync),
    ) -> Self {
        Self {
            world,
            journey,
            on_hop,
            hops: Vec::new(),
        }
    }

    pub(super) fn into_hops(self) -> Vec<Hop> {
        self.hops
    }

    /// Makes a hop that goes through these components, the first one asked first. Nothing comes back when it fails: what
    /// follows from it cannot be tried then.
    pub(super) async fn hop<T>(
        &mut self,
        name: &str,
        through: &[&str],
        work: impl Future<Output = Found<T>>,
    ) -> Option<T> {
        let started = Instant::now();
        let outcome = work.await;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (found, detail) = match outcome {
            Ok((found, detail)) => (Some(found), detail),
            Err(error) => (None, self.blame(through, &error).await),
        };
        let hop = Hop {
            journey: self.journey.to_owned(),
            hop: name.to_owned(),
            ok: found.is_some(),
            took_ms,
            detail,
        };
        (self.on_hop)(&hop);
        self.hops.push(hop);
        found
    }

    /// The error, the component that is its cause, and where to look. Of several that are not well the innermost is the
    /// cause: the others wait for it.
    async fn blame(&self, through: &[&str], error: &str) -> String {
        let looks = join_all(through.iter().map(|component| async move {
            let check = self.world.health_check(component)?;
            health::probe(&check, HEALTH_TIMEOUT)
                .await
                .err()
                .map(|reason| (*component, reason))
        }));
        let ill: Vec<(&str, String)> = looks.await.into_iter().flatten().collect();
        let toolkit = &self.world.toolkit;
        match ill.last() {
            Some((component, reason)) => format!(
                "{component} is the cause: {reason} · {error} · hint: {toolkit} logs {component}"
            ),
            None => match through.last() {
                Some(last) => format!(
                    "{error} · hint: {toolkit} logs {}",
                    through
                        .first()
                        .filter(|_| through.len() == 1)
                        .unwrap_or(last)
                ),
                None => error.to_owned(),
            },
        }
    }

    /// How long to wait for something that Prometheus does by itself: two scrapes, and time for one evaluation.
    pub(super) fn patience(&self) -> Duration {
        self.world.environment.settings().scrape_interval.duration() * 2 + Duration::from_secs(15)
    }
}

/// Tries until it is well or time is up; the last error then says what is still missing.
pub(super) async fn eventually<T, F: Future<Output = Found<T>>>(
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> Found<T> {
    let deadline = Instant::now() + patience;
    loop {
        match attempt().await {
            Ok(found) => return Ok(found),
            Err(error) if Instant::now() >= deadline => {
                return Err(format!("{error} (after {} s)", patience.as_secs()));
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}
