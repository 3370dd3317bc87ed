//! How much one client may ask of this replica: so many requests at once, and so many a second for long.
//!
//! Who comes through the edge is limited, by the address that the edge has seen. Other services, probes and scrapes do not
//! come through it and are never refused: a page that needs three services counts once against whoever looks at it.
//!
//! The counts take a fixed amount of memory. An address stands for one of 131,072 places by a hash that nobody outside can
//! compute, so a flood of addresses costs nothing and nothing has to be tidied up; a place that has not been used for a while
//! is as good as new. Two clients that meet in one place (one pair in 131,072) share what one of them may do.

mod client_address;

use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use governor::{
    Quota,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use prometheus::IntCounterVec;

use crate::{
    Problem,
    config::RateLimitConfig,
    metrics::{Metrics, RATE_LIMITED},
    problem::RATE_LIMITED as PROBLEM,
};

pub use client_address::ClientAddress;

/// Places for counts, eight bytes each.
const SLOTS: usize = 1 << 17;

/// Header fields of draft-ietf-httpapi-ratelimit-headers-10: how much may be asked for, and how much of it is left.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// See [`POLICY`].
pub const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// How much one client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests that may come at once.
    pub burst: NonZeroU32,
    /// Requests that become possible again in each `per`.
    pub requests: NonZeroU32,
    /// See `requests`.
    pub per: Duration,
}

impl From<&RateLimitConfig> for Allowance {
    fn from(config: &RateLimitConfig) -> Self {
        Self {
            burst: config.rate_limit_burst,
            requests: config.rate_limit_per_second,
            per: Duration::from_secs(1),
        }
    }
}

impl Allowance {
    /// After how long one more request becomes possible.
    fn pause(self) -> Duration {
        (self.per / self.requests.get()).max(Duration::from_nanos(1))
    }

    /// How long it takes for the whole burst to be possible again, in seconds.
    fn window_s(self) -> u64 {
        whole_seconds(self.pause().saturating_mul(self.burst.get()))
    }
}

/// Counts clients. Cheap to clone.
#[derive(Clone)]
pub struct RateLimiter(Arc<Rules>);

#[derive(Clone)]
struct Rules {
    general: Arc<Limit>,
    stricter: Vec<(&'static [&'static str], Arc<Limit>)>,
    free: &'static [&'static str],
    refused: IntCounterVec,
}

type Counts = governor::RateLimiter<ClientAddress, Slots, DefaultClock, StateInformationMiddleware>;

struct Limit {
    name: &'static str,
    allowance: Allowance,
    counts: Counts,
}

/// See the module.
struct Slots {
    places: Box<[InMemoryState]>,
    hasher: RandomState,
}

impl Slots {
    fn new() -> Self {
        Self {
            places: (0..SLOTS).map(|_| InMemoryState::default()).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl StateStore for Slots {
    type Key = ClientAddress;

    fn measure_and_replace<T, F, E>(&self, client: &ClientAddress, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let slots = self.places.len() as u64;
        let place = usize::try_from(self.hasher.hash_one(client) % slots)
            .expect("BUG: a remainder of a length is an index");
        self.places[place].measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

/// What a client is told of where it stands.
struct Standing {
    limit: Arc<Limit>,
    remaining: u32,
    /// Set when the request is refused.
    retry_after: Option<Duration>,
}

impl Limit {
    fn new(name: &'static str, allowance: Allowance) -> Arc<Self> {
        let quota = Quota::with_period(allowance.pause())
            .expect("BUG: the pause is not zero")
            .allow_burst(allowance.burst);
        let counts = governor::RateLimiter::new(quota, Slots::new(), DefaultClock::default());
        Arc::new(Self {
            name,
            allowance,
            counts,
        })
    }

    fn count(self: &Arc<Self>, client: ClientAddress) -> Standing {
        let (remaining, retry_after) = match self.counts.check_key(&client) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(self.counts.clock().now()))),
        };
        Standing {
            limit: Arc::clone(self),
            remaining,
            retry_after,
        }
    }
}

impl Standing {
    fn write(&self, headers: &mut HeaderMap) {
        let Allowance { burst, .. } = self.limit.allowance;
        let (name, window_s) = (self.limit.name, self.limit.allowance.window_s());
        let missing = burst.get().saturating_sub(self.remaining);
        let reset_s = whole_seconds(self.limit.allowance.pause().saturating_mul(missing));
        let fields = [
            (POLICY, format!("\"{name}\";q={burst};w={window_s}")),
            (
                STANDING,
                format!("\"{name}\";r={};t={reset_s}", self.remaining),
            ),
        ];
        for (field, value) in fields {
            headers.extend(
                HeaderValue::from_str(&value)
                    .ok()
                    .map(|value| (field, value)),
            );
        }
    }
}

impl RateLimiter {
    /// One rule for all routes.
    pub fn new(allowance: impl Into<Allowance>, metrics: &Metrics) -> Self {
        let refused = metrics.counter(&RATE_LIMITED);
        refused.with_label_values(&["_OTHER"]);
        Self(Arc::new(Rules {
            general: Limit::new("default", allowance.into()),
            stricter: Vec::new(),
            free: &[],
            refused,
        }))
    }

    /// With a rule of their own for some routes, which count together and not under the general one. `name` is what clients
    /// read in `RateLimit-Policy`.
    #[must_use]
    pub fn stricter(
        self,
        name: &'static str,
        routes: &'static [&'static str],
        allowance: Allowance,
    ) -> Self {
        let mut rules = Rules::clone(&self.0);
        for route in routes {
            rules.refused.with_label_values(&[*route]);
        }
        rules.stricter.push((routes, Limit::new(name, allowance)));
        Self(Arc::new(rules))
    }

    /// With routes that are not counted: they cost next to nothing, and one page needs many of them.
    #[must_use]
    pub fn free(self, routes: &'static [&'static str]) -> Self {
        let rules = Rules::clone(&self.0);
        Self(Arc::new(Rules {
            free: routes,
            ..rules
        }))
    }

    /// Makes the series of these routes, so that the first refusal counts in a rate.
    pub(crate) fn expect<'r>(&self, routes: impl Iterator<Item = &'r str>) {
        for route in routes {
            self.0.refused.with_label_values(&[route]);
        }
    }

    /// None for what is not counted.
    fn count(&self, headers: &HeaderMap, route: &str) -> Option<Standing> {
        if self.0.free.contains(&route) {
            return None;
        }
        let client = ClientAddress::of(headers)?;
        let own = self.0.stricter.iter();
        let own = own.into_iter().find(|(routes, _)| routes.contains(&route));
        let limit = own.map_or(&self.0.general, |(_, limit)| limit);
        Some(limit.count(client))
    }
}

/// Layer that refuses what is too much, before any work is done for it.
pub async fn limit(State(limiter): State<RateLimiter>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("_OTHER", MatchedPath::as_str);
    let Some(standing) = limiter.count(request.headers(), route) else {
        return next.run(request).await;
    };
    let mut response = match standing.retry_after {
        None => next.run(request).await,
        Some(retry_after) => {
            limiter.0.refused.with_label_values(&[route]).inc();
            refusal(retry_after)
        }
    };
    standing.write(response.headers_mut());
    response
}

fn refusal(retry_after: Duration) -> Response {
    // Not too early, and never "at once".
    let seconds = whole_seconds(retry_after).max(1);
    let detail = format!("Too many requests came from your address. Try again in {seconds} s.");
    let problem = Problem {
        retry_after: Some(Duration::from_secs(seconds)),
        ..Problem::new(&PROBLEM, detail)
    };
    let mut response = problem.into_response();
    // Also for whoever makes a page of it.
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Rounded up.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(burst: u32, requests: u32, per_s: u64) -> Allowance {
        let number = |number| NonZeroU32::new(number).unwrap();
        Allowance {
            burst: number(burst),
            requests: number(requests),
            per: Duration::from_secs(per_s),
        }
    }

    fn client(number: u32) -> ClientAddress {
        std::net::IpAddr::from(number.to_be_bytes()).into()
    }

    #[test]
    fn a_client_gets_its_burst_and_no_more() {
        let limit = Limit::new("test", allowance(3, 1, 3600));
        let taken: Vec<_> = (0..5)
            .map(|_| {
                let standing = limit.count(client(1));
                (standing.remaining, standing.retry_after.is_some())
            })
            .collect();
        assert_eq!(
            taken,
            [(2, false), (1, false), (0, false), (0, true), (0, true)]
        );
        assert_eq!(limit.count(client(2)).remaining, 2);
    }

    #[test]
    fn it_is_told_where_it_stands_as_the_draft_has_it() {
        let limit = Limit::new("test", allowance(50, 10, 1));
        let mut headers = HeaderMap::new();
        limit.count(client(1)).write(&mut headers);
        assert_eq!(headers[POLICY], "\"test\";q=50;w=5");
        assert_eq!(headers[STANDING], "\"test\";r=49;t=1");
    }

    #[test]
    fn a_flood_of_addresses_refuses_hardly_anybody_who_came_once() {
        let limit = Limit::new("test", allowance(2, 1, 3600));
        let refused = (0..20_000).filter(|number| {
            let standing = limit.count(client(*number));
            standing.retry_after.is_some()
        });
        // It takes three in one place of 131,072: some seventy are expected.
        assert!(refused.count() < 400);
    }

    #[test]
    fn even_the_most_generous_allowance_is_one() {
        let limit = Limit::new("test", allowance(u32::MAX, u32::MAX, 1));
        assert_eq!(limit.count(client(1)).retry_after, None);
        assert_eq!(allowance(1, u32::MAX, 1).window_s(), 1);
    }
}
