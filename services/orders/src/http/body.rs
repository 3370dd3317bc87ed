//! The shapes that several operations take or answer with.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, header},
};
use chassis::{FieldError, Json, Problem};
use serde::de::DeserializeOwned;

use crate::domain::Violation;

pub(crate) use chassis::problem::ProblemBody;

/// Of the header that marks an answer as a repetition.
pub(super) const TRUE: HeaderValue = HeaderValue::from_static("true");

/// What the domain found wrong, as the client is told.
pub(super) fn field_errors(violations: Vec<Violation>) -> Vec<FieldError> {
    violations
        .into_iter()
        .map(|violation| FieldError::new(violation.field, violation.message))
        .collect()
}

/// A JSON body that may be left out.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
        if !is_chunked && length.is_none_or(|length| length == "0") {
            return Ok(Self(T::default()));
        }
        Json::from_request(request, state)
            .await
            .map(|Json(body)| Self(body))
    }
}
