//! Errors as clients see them: RFC 9457 problems, each with a page in `docs/problems/`.
//!
//! A handler returns a [`Problem`]; the server adds the request's id and writes it (see [`crate::server`]). A
//! problem that has a cause is logged with it there, once.

mod kind;
mod render;

use std::{collections::BTreeMap, time::Duration};

use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::database::Unavailable;

pub use kind::*;
pub(crate) use render::{finish, from_status};

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where: a path such as `variants[1].price`, a query parameter, or a header.
    pub field: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl FieldError {
    /// `field` is wrong because of `message`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

// What a [`Problem`] becomes, for the documents of services; the comment below stands in them.
/// An error, as RFC 9457 has it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `/problems/<slug>`: its page.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of thing is wrong.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: String,
    /// What is wrong with which field.
    errors: Vec<FieldError>,
    /// By which the request is found in our logs.
    request_id: String,
}

/// An error as an answer.
#[derive(Debug)]
pub struct Problem {
    /// Which one.
    pub kind: &'static Kind,
    /// What happened this time, in a sentence.
    pub detail: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
    /// When it is worth trying again.
    pub retry_after: Option<Duration>,
    /// Further members of the document, such as the version that is current.
    pub members: BTreeMap<&'static str, serde_json::Value>,
    /// Why, for the log only.
    pub source: Option<anyhow::Error>,
}

impl Problem {
    /// A problem of this kind, with what happened this time.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            members: BTreeMap::new(),
            source: None,
        }
    }

    /// A request that cannot be understood, with every field that is wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields are wrong", several.len()),
        };
        Self {
            errors,
            ..Self::new(&INVALID_REQUEST, detail)
        }
    }

    /// A failure of ours. The client learns only that it happened.
    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        let detail = "Something went wrong on our side. Quote the request id when you report it.";
        Self {
            source: Some(source.into()),
            ..Self::new(&INTERNAL, detail)
        }
    }

    /// Something that we need cannot be reached now.
    pub fn unavailable(detail: impl Into<String>, source: impl Into<anyhow::Error>) -> Self {
        let retry_after = Some(Duration::from_secs(2));
        Self {
            source: Some(source.into()),
            retry_after,
            ..Self::new(&UNAVAILABLE, detail)
        }
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.members.insert(member, value.into());
        self
    }
}

/// A database that cannot be reached is a 503 that says when to come back.
impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        Self::unavailable("The database cannot be reached right now.", error)
    }
}

/// So is one that went away meanwhile; any other failure of it is ours.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) => Self::unavailable("The database went away.", error),
            sqlx::Error::Database(ref database) if is_transient(database.as_ref()) => {
                Self::unavailable("The database is too busy or is restarting.", error)
            }
            _ => Self::internal(error),
        }
    }
}

/// Class 57P (operator intervention: restarting), 53 (out of resources), 57014 (our statement timeout), 55P03 (our lock
/// timeout), 40P01 (a deadlock, of which this was the victim).
fn is_transient(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        code.starts_with("57P")
            || code.starts_with("53")
            || ["57014", "55P03", "40P01"].contains(&code.as_ref())
    })
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(render::Pending::new(self));
        response
    }
}
