//! Checks a token: signature, algorithm, issuer, audience and times, and nothing that the token itself could choose.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use prometheus::IntCounterVec;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Principal, Role,
    jwks::{KeyCache, KeySource},
};
use crate::{
    Problem,
    metrics::{AUTH_FAILURES, Metrics},
    problem::UNAUTHENTICATED,
};

/// Clocks of two machines may differ by this many seconds.
const LEEWAY_S: u64 = 5;
/// Longer than any token of ours: a header of megabytes is not parsed.
const MAX_TOKEN_BYTES: usize = 4096;

/// Why a token was refused; the label of `auth_failures_total`.
const REASONS: [&str; 7] = [
    "missing",
    "malformed",
    "algorithm",
    "unknown_key",
    "signature",
    "expired",
    "claims",
];

/// What a token must say.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// The only issuer that counts.
    pub issuer: String,
    /// The audience that a token must name.
    pub audience: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    role: Role,
}

/// Verifies tokens. Cheap to clone.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    keys: KeyCache,
    validation: Validation,
    failures: IntCounterVec,
}

struct Refusal {
    reason: &'static str,
    detail: &'static str,
}

const fn refuse(reason: &'static str, detail: &'static str) -> Refusal {
    Refusal { reason, detail }
}

impl Verifier {
    /// Verifies against the keys at `source`, which are read when the first token arrives.
    pub fn new(source: KeySource, rules: &TokenRules, metrics: &Metrics) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&rules.issuer]);
        validation.set_audience(&[&rules.audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        let failures = metrics.counter(&AUTH_FAILURES);
        for reason in REASONS {
            failures.with_label_values(&[reason]);
        }
        Self(Arc::new(Inner {
            keys: KeyCache::new(source),
            validation,
            failures,
        }))
    }

    /// Who sent these headers.
    pub async fn verify(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let token = bearer(headers).map_err(|refusal| self.refused(&refusal))?;
        let kid = key_id(token).map_err(|refusal| self.refused(&refusal))?;
        let key = self.0.keys.find(&kid).await.map_err(|error| {
            Problem::unavailable(
                "Tokens cannot be verified right now: their issuer's keys cannot be read.",
                error,
            )
        })?;
        let key = key.ok_or_else(|| {
            self.refused(&refuse(
                "unknown_key",
                "The token is signed with a key that is not published.",
            ))
        })?;
        let claims = decode::<Claims>(token, &key, &self.0.validation)
            .map_err(|error| self.refused(&refusal_of(error.kind())))?;
        let Claims { sub, role } = claims.claims;
        Ok(Principal {
            user: contracts::UserId(sub),
            role,
        })
    }

    fn refused(&self, refusal: &Refusal) -> Problem {
        self.0.failures.with_label_values(&[refusal.reason]).inc();
        Problem::new(&UNAUTHENTICATED, refusal.detail)
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let header = headers.get(header::AUTHORIZATION).ok_or(refuse(
        "missing",
        "Send an access token: Authorization: Bearer …",
    ))?;
    let malformed = refuse(
        "malformed",
        "The Authorization header is not of the form: Bearer <token>",
    );
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > MAX_TOKEN_BYTES {
        return Err(refuse(
            "malformed",
            "The Authorization header is not of the form: Bearer <token>",
        ));
    }
    Ok(token)
}

/// The id of the key that the token claims to be signed with, if its algorithm is ours.
fn key_id(token: &str) -> Result<String, Refusal> {
    let malformed = refuse(
        "malformed",
        "The token is not a JSON web token of this platform.",
    );
    let header = decode_header(token).map_err(|_| malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(refuse("algorithm", "The token is not signed with EdDSA."));
    }
    header.kid.ok_or(refuse(
        "malformed",
        "The token does not name its key (kid).",
    ))
}

fn refusal_of(error: &ErrorKind) -> Refusal {
    match error {
        ErrorKind::ExpiredSignature => refuse(
            "expired",
            "The token has expired: log in again or refresh it.",
        ),
        ErrorKind::ImmatureSignature => refuse("claims", "The token is not valid yet."),
        ErrorKind::InvalidIssuer => refuse("claims", "The token is from another issuer."),
        ErrorKind::InvalidAudience => refuse("claims", "The token is for another audience."),
        ErrorKind::InvalidSignature => refuse("signature", "The token's signature is wrong."),
        ErrorKind::InvalidAlgorithm => refuse("algorithm", "The token is not signed with EdDSA."),
        _ => refuse(
            "claims",
            "The token's claims are incomplete or of the wrong form.",
        ),
    }
}
