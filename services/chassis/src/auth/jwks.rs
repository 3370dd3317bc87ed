//! The issuer's public keys, from a file or over HTTP, fetched again when a token names one that is not known.

use std::{
    collections::HashMap,
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use tokio::sync::{Mutex, RwLock};

use crate::http_client;

/// Between two refreshes at the earliest: tokens with invented key ids must not become requests to the issuer.
const REFRESH_FLOOR: Duration = Duration::from_secs(5);
/// A set this old is fetched again even when it has the key, so that a withdrawn key stops counting.
const MAX_AGE: Duration = Duration::from_mins(5);

/// Where the keys are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// `file:/path`.
    File(PathBuf),
    /// `http://…`, the issuer's JWKS endpoint on the platform's private network. (Our client is built without TLS, so
    /// `https://` is refused at start and not when the first token arrives.)
    Http(String),
    /// The set itself: for the issuer, which need not ask itself over HTTP.
    Inline(String),
}

/// The text is not a source of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a source of keys: expected file:/path/jwks.json or http://host/.well-known/jwks.json"
)]
pub struct KeySourceError(String);

impl FromStr for KeySource {
    type Err = KeySourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("file:") {
            return Ok(Self::File(PathBuf::from(path)));
        }
        if text.starts_with("http://") {
            return Ok(Self::Http(text.to_owned()));
        }
        Err(KeySourceError(text.to_owned()))
    }
}

type Keys = HashMap<String, Arc<DecodingKey>>;

/// The keys as last seen.
pub(super) struct KeyCache {
    source: KeySource,
    client: reqwest::Client,
    keys: RwLock<Keys>,
    /// When the last attempt was, whatever came of it, and when the last good one was.
    refreshed: Mutex<Refreshed>,
}

#[derive(Default)]
struct Refreshed {
    tried: Option<Instant>,
    succeeded: Option<Instant>,
}

impl KeyCache {
    pub(super) fn new(source: KeySource) -> Self {
        let client = http_client::new(Duration::from_secs(2));
        Self {
            source,
            client,
            keys: RwLock::default(),
            refreshed: Mutex::default(),
        }
    }

    /// The key with this id, or nothing when the issuer does not publish it. Fails only when there is no set at all.
    pub(super) async fn find(&self, kid: &str) -> anyhow::Result<Option<Arc<DecodingKey>>> {
        self.refresh_unless(kid).await?;
        Ok(self.keys.read().await.get(kid).cloned())
    }

    /// Fetches the set when it is too old or lacks `kid`; one task fetches, the others wait for it.
    async fn refresh_unless(&self, kid: &str) -> anyhow::Result<()> {
        let mut refreshed = self.refreshed.lock().await;
        let known = self.keys.read().await.contains_key(kid);
        let fresh = refreshed.succeeded.is_some_and(|at| at.elapsed() < MAX_AGE);
        let just_tried = refreshed
            .tried
            .is_some_and(|at| at.elapsed() < REFRESH_FLOOR);
        if (known && fresh) || (just_tried && refreshed.succeeded.is_some()) {
            return Ok(());
        }
        refreshed.tried = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "read the issuer's keys");
                *self.keys.write().await = keys;
                refreshed.succeeded = refreshed.tried;
                Ok(())
            }
            Err(error) if refreshed.succeeded.is_some() => {
                // Keys that were good stay good while their issuer is away.
                tracing::warn!(
                    error = format!("{error:#}"),
                    "cannot refresh the issuer's keys"
                );
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self) -> anyhow::Result<Keys> {
        let set: JwkSet = match &self.source {
            KeySource::File(path) => {
                let text = tokio::fs::read(path)
                    .await
                    .with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_slice(&text)
                    .with_context(|| format!("{} is not a JWK set", path.display()))?
            }
            KeySource::Inline(set) => {
                serde_json::from_str(set).context("the issuer's own keys are not a JWK set")?
            }
            KeySource::Http(url) => {
                let answer = self
                    .client
                    .get(url)
                    .send()
                    .await
                    .and_then(reqwest::Response::error_for_status);
                let answer = answer.with_context(|| format!("cannot fetch {url}"))?;
                answer
                    .json()
                    .await
                    .with_context(|| format!("{url} is not a JWK set"))?
            }
        };
        Ok(set.keys.iter().filter_map(usable).collect())
    }
}

/// Only Ed25519 signing keys with an id; a set may hold others for other purposes.
fn usable(jwk: &Jwk) -> Option<(String, Arc<DecodingKey>)> {
    let AlgorithmParameters::OctetKeyPair(parameters) = &jwk.algorithm else {
        return None;
    };
    let signs = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    if parameters.curve != EllipticCurve::Ed25519 || !signs {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, Arc::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_file_or_an_address() {
        assert_eq!(
            "file:/run/jwks.json".parse(),
            Ok(KeySource::File("/run/jwks.json".into()))
        );
        assert_eq!(
            "http://identity/jwks".parse(),
            Ok(KeySource::Http("http://identity/jwks".to_owned()))
        );
        assert!("/run/jwks.json".parse::<KeySource>().is_err());
        assert!("https://identity/jwks".parse::<KeySource>().is_err());
    }
}
