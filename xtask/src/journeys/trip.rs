//! One journey under way: its hops, how long each took, and who is to blame when one fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    time::{Duration, Instant},
};

use futures::future::join_all;

use super::World;
use crate::{events::Hop, health};

/// How long a component that is to blame may take to show that it is well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two looks at something that happens by itself.
pub(super) const POLL: Duration = Duration::from_millis(250);

pub(super) struct Trip<'w> {
    pub(super) world: &'w World,
    journey: &'static str,
    on_hop: &'w (dyn Fn(&Hop) + Sync),
    hops: Vec<Hop>,
    /// Components that made earlier hops fail. While one of them is not well, hops through it fail at once: a component
    /// that hangs would cost a whole timeout for each of them.
    causes: BTreeSet<String>,
}

/// What a hop found, and the sentence that it is reported with.
pub(super) type Found<T> = Result<(T, String), String>;

impl<'w> Trip<'w> {
    pub(super) fn new(world: &'w World, on_hop: &'w (dyn Fn(&Hop) + Sync)) -> Self {
        Self {
            world,
            journey: "",
            on_hop,
            hops: Vec::new(),
            causes: BTreeSet::new(),
        }
    }

    pub(super) fn begin(&mut self, journey: &'static str) {
        self.journey = journey;
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
        let outcome = match self.standing_cause(through).await {
            Some(detail) => Err(detail),
            None => match work.await {
                Ok(found) => Ok(found),
                Err(error) => Err(self.blame(through, &error).await),
            },
        };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (found, detail) = match outcome {
            Ok((found, detail)) => (Some(found), detail),
            Err(detail) => (None, detail),
        };
        let (journey, hop) = (self.journey.to_owned(), name.to_owned());
        let hop = Hop {
            journey,
            hop,
            ok: found.is_some(),
            took_ms,
            detail,
        };
        (self.on_hop)(&hop);
        self.hops.push(hop);
        found
    }

    /// What the hop asks, and what that calls in turn.
    fn involved(&self, through: &[&str]) -> BTreeSet<String> {
        let called = through.iter().flat_map(|name| self.world.called_by(name));
        called
            .chain(through.iter().copied())
            .map(str::to_owned)
            .collect()
    }

    /// Those of the components that are not well, and why.
    async fn ill(&self, components: BTreeSet<String>) -> BTreeMap<String, String> {
        let looks = join_all(components.into_iter().map(|component| async move {
            let check = self.world.health_check(&component)?;
            let reason = health::probe(&check, HEALTH_TIMEOUT).await.err()?;
            Some((component, reason))
        }));
        looks.await.into_iter().flatten().collect()
    }

    /// Only what the hop itself asks counts: what lies behind that may be missing without any harm to this hop.
    async fn standing_cause(&mut self, through: &[&str]) -> Option<String> {
        let asked: BTreeSet<String> = through.iter().map(|name| (*name).to_owned()).collect();
        let suspects: BTreeSet<String> = self.causes.intersection(&asked).cloned().collect();
        let ill = self.ill(suspects.clone()).await;
        self.causes
            .retain(|cause| !suspects.contains(cause) || ill.contains_key(cause));
        let (component, reason) = ill.first_key_value()?;
        Some(self.verdict(component, reason, "not tried while it is not well"))
    }

    /// The error, the component that is its cause, and where to look.
    async fn blame(&mut self, through: &[&str], error: &str) -> String {
        let everything = self
            .world
            .environment
            .stack
            .components
            .keys()
            .map(ToString::to_string)
            .collect();
        let ill = self.ill(everything).await;
        if let Some(component) = self.cause(through, error, &ill) {
            self.causes.insert(component.to_owned());
            return self.verdict(component, &ill[component], error);
        }
        match through.last() {
            Some(last) => format!(
                "{error} · hint: {}",
                self.world.command(&format!("logs {last}"))
            ),
            None => error.to_owned(),
        }
    }

    /// Of what is not well the one that explains the error. A component that is not well because one that it calls is
    /// not well explains nothing.
    fn cause<'i>(
        &self,
        through: &[&str],
        error: &str,
        ill: &'i BTreeMap<String, String>,
    ) -> Option<&'i str> {
        let is_root = |name: &str| {
            !self
                .world
                .called_by(name)
                .iter()
                .any(|called| ill.contains_key(*called))
        };
        let roots: Vec<&str> = ill
            .keys()
            .map(String::as_str)
            .filter(|name| is_root(name))
            .collect();
        let involved = self.involved(through);
        // Of several, the one furthest inside: the hop asks it last.
        let place = |name: &str| {
            through
                .iter()
                .position(|known| *known == name)
                .unwrap_or(through.len())
        };
        let on_the_way = roots
            .iter()
            .filter(|name| involved.contains(**name))
            .max_by_key(|name| place(name));
        // Reports about others (metrics, health) name them.
        let named = || roots.iter().find(|name| error.contains(**name));
        on_the_way.or_else(named).or_else(|| roots.first()).copied()
    }

    fn verdict(&self, component: &str, reason: &str, error: &str) -> String {
        let logs = self.world.command(&format!("logs {component}"));
        format!("{component} is the cause: {reason} · {error} · hint: {logs}")
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{model::load, paths::Paths};

    fn world() -> World {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .to_owned();
        let environment = load::read(&project, "test").unwrap();
        World {
            environment,
            paths: Paths {
                home: project.join(".argosy/test"),
                project,
            },
            containers: None,
        }
    }

    fn ill(names: &[&str]) -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "no answer".to_owned()))
            .collect()
    }

    #[test]
    fn what_a_component_calls_is_read_from_the_model() {
        let world = world();
        let storefront = world.called_by("storefront");
        assert!(
            storefront.contains("catalog") && storefront.contains("postgres"),
            "{storefront:?}"
        );
        assert!(
            !storefront.contains("prometheus") && !storefront.contains("storefront"),
            "{storefront:?}"
        );
        assert!(world.called_by("object-store").is_empty());
    }

    #[test]
    fn the_innermost_of_several_is_the_cause_and_not_those_that_wait_for_it() {
        let world = world();
        let trip = Trip::new(&world, &|_| {});
        let through = ["caddy", "storefront", "catalog", "postgres"];
        let cause = |ill: &BTreeMap<String, String>, error: &str| {
            trip.cause(&through, error, ill).map(str::to_owned)
        };
        assert_eq!(
            cause(&ill(&["catalog", "postgres", "storefront"]), "x").unwrap(),
            "postgres"
        );
        assert_eq!(
            cause(&ill(&["catalog", "object-store"]), "x").unwrap(),
            "object-store"
        );
        assert_eq!(
            cause(&ill(&["loki", "prometheus"]), "prometheus is unhealthy").unwrap(),
            "prometheus"
        );
        assert_eq!(cause(&ill(&[]), "x"), None);
    }

    #[tokio::test]
    async fn what_succeeds_late_has_succeeded_and_what_never_does_says_how_long_it_was_given() {
        let mut tries = 0;
        let found = eventually(Duration::from_secs(5), || {
            tries += 1;
            let answer = if tries < 2 {
                Err("not yet".to_owned())
            } else {
                Ok(((), "there".to_owned()))
            };
            std::future::ready(answer)
        });
        assert_eq!(found.await.unwrap().1, "there");
        let never = eventually(Duration::ZERO, || {
            std::future::ready(Err::<((), String), _>("not yet".to_owned()))
        });
        assert_eq!(never.await.unwrap_err(), "not yet (after 0 s)");
    }
}
