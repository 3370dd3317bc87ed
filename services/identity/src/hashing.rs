//! Argon2id, on threads that may block, a few at a time.
//!
//! A hash takes 19 MiB and a core for some 30 ms. Two at a time use the machine fully; a short queue evens out bursts; who
//! comes beyond it is told to come back, instead of everybody waiting for ever longer.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use chassis::{Problem, problem::UNAVAILABLE};
use rand::RngCore as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::password::Password;

/// Hashes at the same time.
const RUNNING: usize = 2;
/// Further ones that wait: half a second's worth.
const WAITING: usize = 32;
/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The queue is full.
    #[error("too many passwords are being checked")]
    Busy,
    /// A stored hash that cannot be read, or a thread that died.
    #[error("a password cannot be hashed")]
    Failed(#[source] anyhow::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(
                    &UNAVAILABLE,
                    "Too many people log in at this moment. Try again in a second.",
                )
            },
            Error::Failed(source) => Self::internal(source),
        }
    }
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    /// Checked when there is no account, so that the answer takes as long.
    nobody: Arc<str>,
}

/// Held while a hash is waited for and made; a request that is given up keeps its place until its hash is done.
struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Hasher {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        Ok(Self {
            places: Arc::new(Semaphore::new(RUNNING + WAITING)),
            turns: Arc::new(Semaphore::new(RUNNING)),
            nobody: hash(&secret)?.into(),
        })
    }

    /// The hash to store.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Error> {
        self.run(move || hash(password.expose().as_bytes())).await
    }

    /// Whether it is the password behind `stored`. Without a stored hash it is not, and finding out takes as long.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        let known = stored.is_some();
        let stored = stored.map_or_else(|| Arc::clone(&self.nobody), Into::into);
        let right = self
            .run(move || verify(password.expose().as_bytes(), &stored))
            .await?;
        Ok(known && right)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Error::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = Turn {
            _place: place,
            _turn: turn.context("no more turns").map_err(Error::Failed)?,
        };
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        });
        let outcome = outcome.await.context("the hashing thread died");
        outcome.and_then(|outcome| outcome).map_err(Error::Failed)
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &[u8]) -> anyhow::Result<String> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt)?;
    Ok(argon2()?.hash_password(password, &salt)?.to_string())
}

fn verify(password: &[u8], stored: &str) -> anyhow::Result<bool> {
    let stored = PasswordHash::new(stored).context("a stored password hash cannot be read")?;
    match argon2()?.verify_password(password, &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        serde_json::from_value(text.into()).unwrap()
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_salted_and_fits_only_its_password() {
        let hasher = Hasher::new().unwrap();
        let first = hasher.hash(password("Demo123!")).await.unwrap();
        let second = hasher.hash(password("Demo123!")).await.unwrap();
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, second);
        let verify = |text, stored: Option<&String>| hasher.verify(password(text), stored.cloned());
        assert!(verify("Demo123!", Some(&first)).await.unwrap());
        assert!(!verify("demo123!", Some(&first)).await.unwrap());
        assert!(!verify("Demo123!", None).await.unwrap());
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_sent_away_at_once() {
        let hasher = Hasher::new().unwrap();
        let turns = Arc::clone(&hasher.turns).acquire_many_owned(2).await;
        let waiting: Vec<_> = (0..RUNNING + WAITING)
            .map(|_| Arc::clone(&hasher.places).try_acquire_owned().unwrap())
            .collect();
        let refused = hasher.hash(password("Demo123!")).await;
        assert!(matches!(refused, Err(Error::Busy)));
        drop((turns, waiting));
        hasher.hash(password("Demo123!")).await.unwrap();
    }
}
