//! Answers as they go over the wire: made once, sent to everybody who asks within the next moment.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;

/// A product's answer.
#[derive(Debug)]
pub(crate) struct Sent {
    /// `ETag`.
    pub(crate) tag: String,
    pub(crate) body: Bytes,
}

/// `body` as JSON.
pub(super) fn to_send(body: &impl Serialize) -> Bytes {
    let json = serde_json::to_vec(body).expect("BUG: a body of ours has texts as keys");
    json.into()
}

/// The answer with this JSON in it.
pub(super) fn json(body: &Bytes) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], body.clone()).into_response()
}
