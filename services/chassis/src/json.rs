//! A JSON body, bounded and checked, whose errors name the field that is wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::{
    FieldError, Problem,
    problem::{INVALID_REQUEST, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE},
};

/// The body of a request or an answer. Types that are read should `deny_unknown_fields`.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(&request)?;
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unreadable(&rejection))?;
        parse(&body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn require_json(request: &Request) -> Result<(), Problem> {
    let media_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
    {
        return Ok(());
    }
    let detail = format!("Content-Type is {media_type:?}: send application/json");
    Err(Problem {
        errors: vec![FieldError::new("Content-Type", "send application/json")],
        ..Problem::new(&UNSUPPORTED_MEDIA_TYPE, detail)
    })
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(
            &PAYLOAD_TOO_LARGE,
            "The JSON body is longer than what is taken here.",
        )
    } else {
        Problem::new(&INVALID_REQUEST, "The body broke off before its end.")
    }
}

/// Reads one JSON document, and nothing behind it.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        misunderstood(body, &path, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|error| misunderstood(body, ".", &error))?;
    if body.trim_ascii_start().starts_with(b"[") {
        // Serde takes a list for an object with as many members, in the order in which our code declares them.
        return Err(Problem::invalid(vec![FieldError::new(
            "",
            "expected an object",
        )]));
    }
    Ok(value)
}

fn misunderstood(body: &[u8], path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    if error.is_syntax() && path != "." && is_json() {
        // So serde_json says that a number stands where the name of one of a few values should.
        let message = "is not of the type that is expected here";
        return Problem::invalid(vec![FieldError::new(path, message)]);
    }
    if error.is_syntax() || error.is_eof() {
        let at = format!("line {}, column {}", error.line(), error.column());
        let detail = format!("The body is not JSON at {at}: {message}");
        return Problem {
            errors: vec![FieldError::new("", format!("{message} ({at})"))],
            ..Problem::new(&INVALID_REQUEST, detail)
        };
    }
    Problem::invalid(vec![FieldError::new(field_of(path, message), message)])
}

/// The path of the field that is meant. Serde names an unknown, missing or repeated one only in its message.
fn field_of(path: &str, message: &str) -> String {
    let parent = if path == "." { "" } else { path };
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix)?.split('`').next());
    match named {
        Some(name)
            if parent.is_empty() || parent == name || parent.ends_with(&format!(".{name}")) =>
        {
            if parent.is_empty() {
                name.to_owned()
            } else {
                parent.to_owned()
            }
        }
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing matters")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing matters")]
        size: u8,
    }

    fn field(body: &str) -> String {
        parse::<Outer>(body.as_bytes()).unwrap_err().errors[0]
            .field
            .clone()
    }

    #[test]
    fn the_field_that_is_wrong_is_named_with_its_path() {
        assert_eq!(
            field(r#"{"inner":[{"size":1},{"size":"x"}]}"#),
            "inner[1].size"
        );
        assert_eq!(
            field(r#"{"inner":[{"size":1,"colour":2}]}"#),
            "inner[0].colour"
        );
        assert_eq!(field(r#"{"inner":[{}]}"#), "inner[0].size");
        assert_eq!(field(r#"{"inner":[],"outer":1}"#), "outer");
        assert_eq!(field("{}"), "inner");
    }

    #[test]
    fn a_number_instead_of_a_name_is_no_mistake_of_syntax() {
        #[derive(Debug, Deserialize)]
        enum Colour {
            Blue,
        }
        #[derive(Debug, Deserialize)]
        struct Paint {
            #[expect(dead_code, reason = "only its parsing matters")]
            colour: Colour,
        }
        assert!(parse::<Paint>(br#"{"colour":"Blue"}"#).is_ok());
        for body in [
            r#"{"colour":1.5}"#,
            r#"{"colour":null}"#,
            r#"{"colour":[]}"#,
        ] {
            let problem = parse::<Paint>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.errors[0].field, "colour", "{body}");
        }
    }

    #[test]
    fn what_is_not_one_json_document_is_refused() {
        for body in ["", "{", "[]", "[[]]", "{\"inner\":[]} x"] {
            assert_eq!(
                parse::<Outer>(body.as_bytes()).unwrap_err().kind,
                &INVALID_REQUEST,
                "{body}"
            );
        }
    }
}
