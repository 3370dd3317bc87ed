//! The header `Idempotency-Key`: the name that a client gives to one attempt, so that its repetition is recognised.
//!
//! The key belongs on the row that the attempt makes, unique together with who sent it; this module reads the header and
//! makes the fingerprint by which another request under the same key is told apart.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    FieldError, Problem,
    problem::{IDEMPOTENCY_KEY_REUSED, INVALID_REQUEST},
};

/// On an answer that was given before and is given again.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const HEADER: &str = "Idempotency-Key";
const MAX_CHARS: usize = 255;

/// A client's name for one attempt. A request without one is an attempt of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes it with the quotes of the draft standard, or without.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let bare = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(text);
        if bare.is_empty() {
            return Err("is empty");
        }
        if bare.len() > MAX_CHARS {
            return Err("is longer than 255 characters");
        }
        if !bare.bytes().all(|byte| byte.is_ascii_graphic()) || bare.contains(['"', '\\']) {
            return Err("may hold visible ASCII characters only, without quotes and backslashes");
        }
        Ok(Self(bare.to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let (first, second) = (values.next(), values.next());
        let key = match (first, second) {
            (None, _) => return Ok(Self(Uuid::new_v4().to_string())),
            (Some(_), Some(_)) => Err("is given twice"),
            (Some(value), None) => match value.to_str() {
                Ok(text) => Self::parse(text),
                Err(_) => Err("may hold visible ASCII characters only"),
            },
        };
        key.map_err(|message| Problem {
            errors: vec![FieldError::new(HEADER, message)],
            ..Problem::new(&INVALID_REQUEST, format!("The header {HEADER} {message}."))
        })
    }
}

/// What two requests under one key are compared by: the operation with its path, and the request as it was understood.
pub fn fingerprint(operation: &str, request: &impl Serialize) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(operation.as_bytes());
    hasher.update([0]);
    let json = serde_json::to_vec(request)
        .expect("BUG: a request that was read from JSON can be written as JSON");
    hasher.update(json);
    hasher.finalize().to_vec()
}

/// The answer to another request under a key that has been used.
pub fn reused() -> Problem {
    Problem {
        errors: vec![FieldError::new(
            HEADER,
            "was used for another request before",
        )],
        ..Problem::new(
            &IDEMPOTENCY_KEY_REUSED,
            "This key was used for another request before; nothing has been done.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_around_a_key_make_no_difference() {
        let bare = IdempotencyKey::parse("8e03978e-40d5-43dd-bc93-6894a57f9324");
        assert_eq!(
            IdempotencyKey::parse("\"8e03978e-40d5-43dd-bc93-6894a57f9324\""),
            bare
        );
        assert!(bare.is_ok());
        assert!(IdempotencyKey::parse(&"k".repeat(MAX_CHARS)).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let too_long = "k".repeat(MAX_CHARS + 1);
        for text in ["", "\"\"", "a b", "a\"b", "\"a", "a\\b", "ключ", &too_long] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_operation_and_the_request_make_the_fingerprint() {
        let first = fingerprint("restock", &[1, 2]);
        assert_eq!(first, fingerprint("restock", &[1, 2]));
        assert_ne!(first, fingerprint("restock", &[2, 1]));
        assert_ne!(first, fingerprint("adjust", &[1, 2]));
    }
}
