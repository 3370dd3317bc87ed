//! Writes a problem as `application/problem+json` with the id of its request, and logs its cause.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::{
    FieldError, INTERNAL, INVALID_REQUEST, Kind, METHOD_NOT_ALLOWED, NOT_FOUND, PAYLOAD_TOO_LARGE,
    Problem, TIMEOUT,
};
use super::{UNAUTHENTICATED, UNAVAILABLE, UNSUPPORTED_MEDIA_TYPE};
use crate::process::Chain;

/// A problem on its way from the handler to [`finish`]. (Extensions must be `Clone`; a problem's cause is not.)
#[derive(Clone)]
pub(super) struct Pending(Arc<Mutex<Option<Problem>>>);

impl Pending {
    pub(super) fn new(problem: Problem) -> Self {
        Self(Arc::new(Mutex::new(Some(problem))))
    }

    fn take(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(flatten)]
    members: &'a std::collections::BTreeMap<&'static str, serde_json::Value>,
}

/// Gives every error its document: a handler's problem, or what the framework answered without one.
pub(crate) fn finish(mut response: Response, request_id: &str) -> Response {
    let pending = response
        .extensions_mut()
        .remove::<Pending>()
        .and_then(|pending| pending.take());
    let problem = match pending {
        Some(problem) => problem,
        None if is_bare_error(&response) => from_status(response.status()),
        None => return response,
    };
    log(&problem);
    write(response, &problem, request_id)
}

/// An error that is not JSON was made by the framework, not by us.
fn is_bare_error(response: &Response) -> bool {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let has_document = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| {
            value.as_bytes().starts_with(b"application/")
                || value.as_bytes().starts_with(b"text/html")
        });
    is_error && !has_document
}

/// The problem that says what a bare status means.
pub(crate) fn from_status(status: StatusCode) -> Problem {
    let (kind, detail): (&'static Kind, _) = match status {
        StatusCode::NOT_FOUND => (&NOT_FOUND, "No resource has this address."),
        StatusCode::METHOD_NOT_ALLOWED => (
            &METHOD_NOT_ALLOWED,
            "This address does not take this method; see the Allow header.",
        ),
        StatusCode::REQUEST_TIMEOUT => (&TIMEOUT, "The answer took longer than we give a request."),
        StatusCode::PAYLOAD_TOO_LARGE => (
            &PAYLOAD_TOO_LARGE,
            "The body is longer than what is taken here.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            &UNSUPPORTED_MEDIA_TYPE,
            "The body's type is not taken here.",
        ),
        StatusCode::UNAUTHORIZED => (
            &UNAUTHENTICATED,
            "Send an access token: Authorization: Bearer …",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (&UNAVAILABLE, "Try again in a moment."),
        status if status.is_client_error() => (&INVALID_REQUEST, "The request could not be read."),
        _ => (
            &INTERNAL,
            "Something went wrong on our side. Quote the request id when you report it.",
        ),
    };
    Problem::new(kind, detail)
}

fn log(problem: &Problem) {
    let Some(source) = &problem.source else {
        return;
    };
    let cause = Chain(source);
    if problem.kind == &INTERNAL {
        tracing::error!(problem = problem.kind.slug, error = %cause, "a request failed");
    } else {
        tracing::warn!(problem = problem.kind.slug, error = %cause, "a request was refused");
    }
}

fn write(mut response: Response, problem: &Problem, request_id: &str) -> Response {
    let document = Document {
        kind: format!("/problems/{}", problem.kind.slug),
        title: problem.kind.title,
        status: problem.kind.status().as_u16(),
        detail: &problem.detail,
        errors: &problem.errors,
        request_id,
        members: &problem.members,
    };
    let body =
        serde_json::to_vec(&document).expect("BUG: a problem is always representable in JSON");
    *response.status_mut() = problem.kind.status();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if problem.kind == &UNAUTHENTICATED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    *response.body_mut() = Body::from(body);
    response
}
