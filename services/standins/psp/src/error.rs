//! Errors in Stripe's shape, with Stripe's statuses.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::{database::Unavailable, process::Chain};
use serde_json::{Map, Value, json};

const SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");

/// An error as an answer.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) status: StatusCode,
    /// `invalid_request_error`, `card_error`, `idempotency_error` or `api_error`.
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    /// Further members: `decline_code`, `charge`, `payment_intent`.
    pub(crate) members: Vec<(&'static str, Value)>,
    /// Why, for the log only.
    pub(crate) source: Option<anyhow::Error>,
}

impl Error {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            message: message.into(),
            param: None,
            members: Vec::new(),
            source: None,
        }
    }

    /// The request cannot be understood or contradicts the state of things.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// The parameter is not what it should be.
    pub(crate) fn parameter(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            param: Some(param.to_owned()),
            ..Self::invalid(message)
        }
    }

    /// There is no such object; `param` is the parameter that named it.
    pub(crate) fn missing(object: &str, id: &str, param: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::parameter(
                param,
                "resource_missing",
                format!("No such {object}: '{id}'"),
            )
        }
    }

    /// The intent's status does not allow this.
    pub(crate) fn unexpected_state(message: impl Into<String>, intent: Value) -> Self {
        Self {
            code: Some("payment_intent_unexpected_state"),
            ..Self::invalid(message)
        }
        .with("payment_intent", intent)
    }

    pub(crate) fn card(code: &'static str, message: &str) -> Self {
        Self {
            code: Some(code),
            ..Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", message)
        }
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
    }

    /// The key belongs to another request.
    pub(crate) fn key_reused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "idempotency_error", message)
    }

    /// Another request with the key is being executed.
    pub(crate) fn key_in_use(key: &str) -> Self {
        Self {
            code: Some("idempotency_key_in_use"),
            ..Self::new(
                StatusCode::CONFLICT,
                "idempotency_error",
                format!(
                    "There is currently another in-progress request using this Idempotent Key (that probably means you \
                     submitted twice, and the other request is still going through): {key}. Please try again later."
                ),
            )
        }
    }

    pub(crate) fn rate_limited() -> Self {
        Self {
            code: Some("rate_limit"),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "invalid_request_error",
                "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.",
            )
        }
    }

    fn locked() -> Self {
        Self {
            code: Some("lock_timeout"),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "invalid_request_error",
                "This object cannot be accessed right now because another API request or Stripe process is currently accessing it.",
            )
        }
    }

    /// A failure on this side.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api_error",
            "Sorry! There was an error while talking to one of our backends.",
        )
    }

    pub(crate) fn unavailable() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..Self::internal()
        }
    }

    #[must_use]
    pub(crate) fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((member, value.into()));
        self
    }

    /// The document, as it is sent and kept.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".to_owned(), code.into());
            let page = code.replace('_', "-");
            error.insert(
                "doc_url".to_owned(),
                format!("https://stripe.com/docs/error-codes/{page}").into(),
            );
        }
        error.insert("message".to_owned(), self.message.clone().into());
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), param.clone().into());
        }
        let members = self.members.iter();
        error.extend(members.map(|(name, value)| ((*name).to_owned(), value.clone())));
        error.insert("type".to_owned(), self.kind.into());
        json!({ "error": error })
    }
}

/// Without a connection nothing has been done.
impl From<Unavailable> for Error {
    fn from(error: Unavailable) -> Self {
        Self {
            source: Some(error.into()),
            ..Self::unavailable()
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .unwrap_or_default();
        match code.as_ref() {
            // Our lock timeout, a deadlock.
            "55P03" | "40P01" => Self::locked(),
            code if code.starts_with("57P") || code.starts_with("53") => Self {
                source: Some(error.into()),
                ..Self::unavailable()
            },
            _ => Self {
                source: Some(error.into()),
                ..Self::internal()
            },
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Some(source) = &self.source {
            tracing::error!(error = %Chain(source), "a request failed");
        }
        let mut response = (self.status, axum::Json(self.to_json())).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Stripe\""),
            );
        }
        if self.status == StatusCode::CONFLICT {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("true"));
        }
        response
    }
}
