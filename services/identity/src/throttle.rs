//! Slows down who guesses passwords or asks for addresses, and nobody else.
//!
//! Who tries is told apart by client address and, where a browser has logged in to the account before, by its device cookie:
//! the owner's own browser is not slowed down by what a stranger does from the same address. The counts are in the database,
//! so replicas share them, under pseudonyms. What is in flight at the same moment is bounded by the hashing queue.

use std::time::Duration;

use axum::http::HeaderMap;
use chassis::{Problem, auth::cookie, rate_limit::ClientAddress};
use contracts::UserId;
use sqlx::PgConnection;

use crate::{
    db,
    domain::throttle::{ACCOUNT_AND_CLIENT, CLIENT, Policy, RESET_REQUESTS, registrations},
    http::DEVICE_COOKIE,
    problems::TOO_MANY_ATTEMPTS,
    signing::Keys,
};

/// What is counted of one try.
pub(crate) struct Throttle(Vec<(Vec<u8>, Policy)>);

/// Where a request comes from. Callers on our own network that forward nobody count as one client.
fn client(headers: &HeaderMap) -> String {
    ClientAddress::of(headers).map_or_else(String::new, |client| client.to_string())
}

impl Throttle {
    /// For a try at a password of the account with this address, which is `user`'s if there is one.
    pub(crate) fn of_login(
        keys: &Keys,
        headers: &HeaderMap,
        email: &str,
        user: Option<UserId>,
    ) -> Self {
        let device = cookie(headers, DEVICE_COOKIE).and_then(|token| keys.known_device(token));
        if let Some((_, device)) = device.filter(|(owner, _)| Some(*owner) == user) {
            let subject = keys.pseudonym(&format!("device {device} {email}"));
            return Self(vec![(subject, ACCOUNT_AND_CLIENT)]);
        }
        let client = client(headers);
        Self(vec![
            (
                keys.pseudonym(&format!("account {email} {client}")),
                ACCOUNT_AND_CLIENT,
            ),
            (keys.pseudonym(&format!("client {client}")), CLIENT),
        ])
    }

    /// For a registration.
    pub(crate) fn of_registration(keys: &Keys, headers: &HeaderMap, free: u32) -> Self {
        let subject = keys.pseudonym(&format!("registration {}", client(headers)));
        Self(vec![(subject, registrations(free))])
    }

    /// For asking for a new password. What an account is sent is limited on its own, without a word.
    pub(crate) fn of_reset_request(keys: &Keys, headers: &HeaderMap) -> Self {
        let subject = keys.pseudonym(&format!("reset request {}", client(headers)));
        Self(vec![(subject, RESET_REQUESTS)])
    }

    /// For a try at a code.
    pub(crate) fn of_reset(keys: &Keys, headers: &HeaderMap) -> Self {
        let subject = keys.pseudonym(&format!("reset {}", client(headers)));
        Self(vec![(subject, CLIENT)])
    }

    /// Refuses the try while its turn has not come.
    pub(crate) async fn require_turn(&self, connection: &mut PgConnection) -> Result<(), Refusal> {
        let mut longest = None;
        for (subject, policy) in &self.0 {
            let failures = db::attempts::get(connection, subject).await?;
            longest = longest.max(policy.wait(failures.count, failures.ago));
        }
        longest.map_or(Ok(()), |wait| Err(Refusal::TooEarly(wait)))
    }

    /// Counts a failure, or whatever the policy is about.
    pub(crate) async fn note(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        for (subject, policy) in &self.0 {
            db::attempts::note(connection, subject, policy.forget.as_secs_f64()).await?;
        }
        Ok(())
    }

    /// Forgets the failures at this account. Those of the client stay: else a guesser would log in to an account of his own
    /// between guesses.
    pub(crate) async fn succeeded(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        match self.0.first() {
            Some((subject, _)) => db::attempts::clear(connection, subject).await,
            None => Ok(()),
        }
    }
}

/// Why a try is not let through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the next try is too early")]
    TooEarly(Duration),
    #[error("the failures cannot be read")]
    Database(#[from] sqlx::Error),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooEarly(wait) => {
                // Whole seconds, and not too early.
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let detail = format!("Too many tries from here. Try again in {seconds} s.");
                Self {
                    retry_after: Some(Duration::from_secs(seconds)),
                    ..Self::new(&TOO_MANY_ATTEMPTS, detail)
                }
            }
            Refusal::Database(error) => error.into(),
        }
    }
}
