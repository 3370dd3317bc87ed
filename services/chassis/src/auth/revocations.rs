//! Which sessions have been ended before their access tokens ran out: asked of the issuer when a token is verified, at
//! most twice a second, so that a log-out counts everywhere within a second and an idle service asks nobody.
//!
//! What the issuer once said stays true while it is away: only it can end a session, and it cannot while it is away. A
//! service that has never heard it refuses tokens that name a session, as it does without the issuer's keys.

use std::{
    collections::HashMap,
    sync::{Mutex as SyncMutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::jwks::KeySource;
use crate::http_client;

/// An answer younger than this is taken as it is.
const FRESH: Duration = Duration::from_millis(400);
/// One older than this is waited for; in between one request fetches and the others go on.
const STALE: Duration = Duration::from_millis(800);
/// After a failure the issuer is left alone for this long.
const RETRY: Duration = Duration::from_secs(2);
/// How long the issuer gets. Every request that has a token may wait for it.
const TIMEOUT: Duration = Duration::from_millis(300);
/// No access token lives longer than this, so an ended session need not be remembered longer.
const REMEMBER: Duration = Duration::from_mins(16);

/// What an issuer answers at `/.well-known/revocations`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationList {
    /// Sessions that have ended since `after` of the request, or as long ago as an access token lives.
    pub sessions: Vec<Uuid>,
    /// `after` of the next request.
    pub next: String,
}

/// The list as last heard.
pub(super) struct Revocations {
    source: Option<String>,
    client: reqwest::Client,
    refresh: Mutex<()>,
    known: SyncMutex<Known>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<Uuid, Instant>,
    next: Option<String>,
    /// When it may be asked again without waiting, and when it must be.
    tried: Option<Tried>,
    heard: bool,
}

#[derive(Clone, Copy)]
struct Tried {
    at: Instant,
    failed: bool,
}

impl Tried {
    fn is_within(self, limit: Duration) -> bool {
        self.at.elapsed() < if self.failed { RETRY } else { limit }
    }
}

impl Revocations {
    /// An issuer that publishes its keys over HTTP publishes ended sessions beside them; one in a file has no sessions.
    pub(super) fn beside(keys: &KeySource) -> Self {
        let source = match keys {
            KeySource::Http(url) => url
                .rsplit_once('/')
                .map(|(folder, _)| format!("{folder}/revocations")),
            KeySource::File(_) | KeySource::Inline(_) => None,
        };
        Self {
            source,
            client: http_client::new(TIMEOUT),
            refresh: Mutex::default(),
            known: SyncMutex::default(),
        }
    }

    /// Whether this session has ended. Fails only when the issuer has never been heard.
    pub(super) async fn contains(&self, session: Uuid) -> anyhow::Result<bool> {
        let Some(source) = &self.source else {
            return Ok(false);
        };
        if !self.is_within(FRESH) {
            // One request asks; the others wait for it only when what is known is too old.
            let turn = match self.refresh.try_lock() {
                Ok(turn) => Some(turn),
                Err(_) if self.is_within(STALE) => None,
                Err(_) => Some(self.refresh.lock().await),
            };
            if turn.is_some() && !self.is_within(FRESH) {
                self.ask(source).await;
            }
        }
        let known = self.known();
        anyhow::ensure!(known.heard, "{source} has never answered");
        Ok(known.sessions.contains_key(&session))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_within(&self, limit: Duration) -> bool {
        self.known()
            .tried
            .is_some_and(|tried| tried.is_within(limit))
    }

    async fn ask(&self, source: &str) {
        let after = self.known().next.clone();
        let at = Instant::now();
        let answer = self.fetch(source, after).await;
        let mut known = self.known();
        known.tried = Some(Tried {
            at,
            failed: answer.is_err(),
        });
        match answer {
            Ok(list) => {
                known
                    .sessions
                    .retain(|_, heard| at.duration_since(*heard) < REMEMBER);
                for session in list.sessions {
                    known.sessions.entry(session).or_insert(at);
                }
                known.next = Some(list.next).filter(|next| !next.is_empty());
                known.heard = true;
            }
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "cannot ask the issuer which sessions have ended"
                );
            }
        }
    }

    async fn fetch(&self, source: &str, after: Option<String>) -> anyhow::Result<RevocationList> {
        let request = self
            .client
            .get(source)
            .query(&after.map(|after| [("after", after)]));
        let answer = request
            .send()
            .await
            .with_context(|| format!("cannot fetch {source}"))?;
        if answer.status() == StatusCode::NOT_FOUND {
            // An issuer that ends no session.
            return Ok(RevocationList::default());
        }
        let answer = answer.error_for_status();
        let answer = answer.with_context(|| format!("cannot fetch {source}"))?;
        answer
            .json()
            .await
            .with_context(|| format!("{source} is not a list of ended sessions"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_beside_the_keys() {
        let keys = KeySource::Http("http://identity:7102/.well-known/jwks.json".to_owned());
        assert_eq!(
            Revocations::beside(&keys).source.as_deref(),
            Some("http://identity:7102/.well-known/revocations")
        );
        assert_eq!(
            Revocations::beside(&KeySource::File("/jwks.json".into())).source,
            None
        );
    }

    #[tokio::test]
    async fn an_issuer_that_was_never_heard_is_not_taken_for_one_that_ends_nothing() {
        let keys = KeySource::Http("http://127.0.0.1:1/jwks.json".to_owned());
        let revocations = Revocations::beside(&keys);
        assert!(revocations.contains(Uuid::nil()).await.is_err());
        let file = Revocations::beside(&KeySource::File("/jwks.json".into()));
        assert!(!file.contains(Uuid::nil()).await.unwrap());
    }
}
