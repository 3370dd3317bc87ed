//! Calls between services: one secret that the toolkit makes, compared in constant time, on routes that the edge never
//! forwards.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};

use crate::{Problem, Secret, problem::UNAUTHENTICATED};

/// What services show each other.
#[derive(Clone, Debug)]
pub struct InternalToken(Secret);

impl InternalToken {
    /// From the secret file that every service is given.
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// The value of the `Authorization` header.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    fn is(&self, given: &str) -> bool {
        self.0.is(given)
    }
}

/// Another service of the platform is asking: a handler that takes this cannot be reached from outside.
#[derive(Debug, Clone, Copy)]
pub struct InternalCaller;

impl<S: Send + Sync> FromRequestParts<S> for InternalCaller
where
    InternalToken: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        match given {
            Some(given) if InternalToken::from_ref(state).is(given) => Ok(Self),
            _ => Err(Problem::new(
                &UNAUTHENTICATED,
                "This address is for services of the platform, which show their own credential.",
            )),
        }
    }
}
