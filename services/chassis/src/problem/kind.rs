//! The problems that any service may answer with. A service declares its own in the same way.

use axum::http::StatusCode;

/// A kind of problem: what its `type`, `title` and `status` say.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of its `type`, and the name of its page in `docs/problems/`.
    pub slug: &'static str,
    /// What kind of thing is wrong, the same every time.
    pub title: &'static str,
    status: u16,
}

impl Kind {
    /// Declares a kind.
    pub const fn new(slug: &'static str, status: u16, title: &'static str) -> Self {
        Self {
            slug,
            title,
            status,
        }
    }

    /// The HTTP status that it comes with.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).expect("BUG: a kind is declared with a valid status")
    }
}

/// Every kind in this file, for the check that each has its page.
pub const CATALOGUE: &[&Kind] = &[
    &INVALID_REQUEST,
    &UNAUTHENTICATED,
    &FORBIDDEN,
    &CROSS_ORIGIN,
    &NOT_FOUND,
    &METHOD_NOT_ALLOWED,
    &TIMEOUT,
    &CONFLICT,
    &STALE_VERSION,
    &PAYLOAD_TOO_LARGE,
    &UNSUPPORTED_MEDIA_TYPE,
    &IDEMPOTENCY_KEY_REUSED,
    &RATE_LIMITED,
    &INTERNAL,
    &UNAVAILABLE,
];

/// The request cannot be understood.
pub const INVALID_REQUEST: Kind = Kind::new("invalid-request", 400, "The request is not valid");
/// Nobody knows who is asking.
pub const UNAUTHENTICATED: Kind =
    Kind::new("unauthenticated", 401, "A valid access token is needed");
/// Who is asking may not do this.
pub const FORBIDDEN: Kind = Kind::new("forbidden", 403, "This is not allowed");
/// A cookie came with a change that another site's page may have made.
pub const CROSS_ORIGIN: Kind = Kind::new(
    "cross-origin",
    403,
    "The request comes from another site's page",
);
/// There is nothing here.
pub const NOT_FOUND: Kind = Kind::new("not-found", 404, "There is nothing here");
/// There is something here, but not for this method.
pub const METHOD_NOT_ALLOWED: Kind =
    Kind::new("method-not-allowed", 405, "The method is not allowed here");
/// The request took longer than we give it.
pub const TIMEOUT: Kind = Kind::new("timeout", 408, "The request took too long");
/// The request contradicts the state of things.
pub const CONFLICT: Kind = Kind::new("conflict", 409, "The request contradicts what is stored");
/// Somebody else changed it first.
pub const STALE_VERSION: Kind =
    Kind::new("stale-version", 409, "It has been changed in the meantime");
/// The body is longer than what is taken here.
pub const PAYLOAD_TOO_LARGE: Kind = Kind::new("payload-too-large", 413, "The body is too large");
/// The body is of a type that is not taken here.
pub const UNSUPPORTED_MEDIA_TYPE: Kind = Kind::new(
    "unsupported-media-type",
    415,
    "The body's type is not supported",
);
/// Another request came under a key that had been used.
pub const IDEMPOTENCY_KEY_REUSED: Kind = Kind::new(
    "idempotency-key-reused",
    422,
    "The idempotency key was used for another request",
);
/// One client sends more than it may.
pub const RATE_LIMITED: Kind = Kind::new("rate-limited", 429, "Too many requests");
/// A failure of ours.
pub const INTERNAL: Kind = Kind::new("internal", 500, "Something went wrong on our side");
/// Something that we need is away.
pub const UNAVAILABLE: Kind = Kind::new("unavailable", 503, "Not available right now");
