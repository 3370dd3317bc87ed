//! What goes wrong, told as RFC 9457 has it.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tracing::error;

#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            field: None,
        }
    }

    pub(crate) fn of_field(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail: message.into(),
            field: Some(field),
        }
    }

    pub(crate) fn no_such_mail() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "there is no mail with this id: it was deleted, or it made room for newer ones",
        )
    }
}

impl From<std::io::Error> for Problem {
    fn from(cause: std::io::Error) -> Self {
        if cause.kind() == std::io::ErrorKind::NotFound {
            return Self::no_such_mail();
        }
        error!(%cause, "the disk refused");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the mailbox's disk refused: its log says more",
        )
    }
}

impl From<minijinja::Error> for Problem {
    fn from(cause: minijinja::Error) -> Self {
        error!(%cause, "a page could not be rendered");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be rendered: the log says more",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(field) = self.field {
            body["errors"] = json!([{ "field": field, "message": self.detail }]);
        }
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

pub(super) async fn no_such_page() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address")
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not take this method",
    )
}
