//! Checks a token: signature, algorithm, issuer, audience and times, and nothing that the token itself could choose.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, header};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use prometheus::IntCounterVec;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    ACCESS_COOKIE, Caller, Origin, Principal, Role, cookie,
    jwks::{KeyCache, KeySource},
    revocations::Revocations,
};
use crate::{
    Problem,
    metrics::{AUTH_FAILURES, Metrics},
    problem::{CROSS_ORIGIN, UNAUTHENTICATED},
};

/// Clocks of two machines may differ by this many seconds.
const LEEWAY_S: u64 = 5;
/// Longer than any token of ours: a header of megabytes is not parsed.
const MAX_TOKEN_BYTES: usize = 4096;

/// Why a token was refused; the label of `auth_failures_total`.
const REASONS: [&str; 9] = [
    "missing",
    "malformed",
    "algorithm",
    "unknown_key",
    "signature",
    "expired",
    "claims",
    "revoked",
    "cross_origin",
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
    exp: f64,
    role: Role,
    sid: Option<Uuid>,
    #[serde(default)]
    permissions: Vec<String>,
    email: Option<String>,
}

/// Verifies tokens. Cheap to clone.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    keys: KeyCache,
    revocations: Revocations,
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
            revocations: Revocations::beside(&source),
            keys: KeyCache::new(source),
            validation,
            failures,
        }))
    }

    /// Who sent a request with this method and these headers: by a bearer token, or by a browser's cookie. A cookie counts
    /// for a change only when the request comes from a page of ours.
    pub async fn verify(&self, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = self.token(method, headers)?;
        let claims = self.claims(token).await?;
        if let Some(session) = claims.sid {
            self.require_live(session).await?;
        }
        Ok(Caller {
            principal: Principal {
                user: contracts::UserId(claims.sub),
                role: claims.role,
            },
            session: claims.sid,
            expires_at: expiry(claims.exp),
            permissions: claims.permissions,
            email: claims.email,
        })
    }

    fn token<'h>(&self, method: &Method, headers: &'h HeaderMap) -> Result<&'h str, Problem> {
        let in_cookie = match headers.get(header::AUTHORIZATION) {
            Some(_) => None,
            None => cookie(headers, ACCESS_COOKIE),
        };
        let Some(token) = in_cookie else {
            return bearer(headers).map_err(|refusal| self.refused(&refusal));
        };
        if method.is_safe() || Origin::of(headers) == Origin::Own {
            return Ok(token);
        }
        self.0.failures.with_label_values(&["cross_origin"]).inc();
        Err(Problem::new(
            &CROSS_ORIGIN,
            "A change that is authorised by a cookie must come from a page of this address (Origin).",
        ))
    }

    async fn claims(&self, token: &str) -> Result<Claims, Problem> {
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
        let data = decode::<Claims>(token, &key, &self.0.validation)
            .map_err(|error| self.refused(&refusal_of(error.kind())))?;
        Ok(data.claims)
    }

    async fn require_live(&self, session: Uuid) -> Result<(), Problem> {
        let ended = self.0.revocations.contains(session).await;
        let ended = ended.map_err(|error| {
            Problem::unavailable(
                "Tokens cannot be verified right now: their issuer cannot be asked which sessions have ended.",
                error,
            )
        })?;
        if ended {
            return Err(self.session_ended());
        }
        Ok(())
    }

    /// Whether this session goes on, as far as its issuer has been heard: for what goes on longer than a request.
    pub async fn is_live(&self, session: Uuid) -> anyhow::Result<bool> {
        self.0
            .revocations
            .contains(session)
            .await
            .map(|ended| !ended)
    }

    /// The answer to a token whose session has ended, counted: for the issuer, which knows it first.
    pub fn session_ended(&self) -> Problem {
        self.refused(&refuse("revoked", "The session has ended: log in again."))
    }

    fn refused(&self, refusal: &Refusal) -> Problem {
        self.0.failures.with_label_values(&[refusal.reason]).inc();
        Problem::new(&UNAUTHENTICATED, refusal.detail)
    }
}

/// When a token ends that says so in seconds since 1970, perhaps with a fraction.
fn expiry(seconds: f64) -> DateTime<Utc> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float too large for a whole number becomes the largest one"
    )]
    let whole = seconds as i64;
    DateTime::from_timestamp(whole, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
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
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
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
    if token.len() > MAX_TOKEN_BYTES {
        return Err(malformed);
    }
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
