//! A call that changes something: where, with which parameters, under which idempotency key.

use axum::{
    body::Bytes,
    extract::{FromRequest, OriginalUri, Request},
    http::{HeaderMap, header},
};

use super::gate::RequestId;
use crate::{error::Error, parameters::Parameters};

const KEY: &str = "idempotency-key";
const KEY_CHARACTERS: usize = 255;

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) parameters: Parameters,
    /// Of all parameters, taken or not.
    pub(crate) fingerprint: String,
    pub(crate) request_id: String,
    pub(crate) key: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let key = key(request.headers())?;
        let is_empty = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .is_none_or(|length| length == "0");
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_form = content_type
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if !is_empty && !is_form {
            return Err(Error::invalid(
                "Invalid request (check that your POST content type is application/x-www-form-urlencoded).",
            ));
        }
        let path = request.extensions().get::<OriginalUri>().map_or_else(
            || request.uri().path().to_owned(),
            |uri| uri.path().to_owned(),
        );
        let request_id = request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Error {
                status: rejection.status(),
                ..Error::invalid("The body is too large or broke off before its end.")
            })?;
        let parameters = Parameters::parse(&body)?;
        Ok(Self {
            fingerprint: parameters.fingerprint(),
            path,
            parameters,
            request_id,
            key,
        })
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get(KEY) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .map_err(|_| Error::invalid("The Idempotency-Key is not made of ASCII characters."))?;
    if key.is_empty() || key.len() > KEY_CHARACTERS {
        return Err(Error::invalid(format!(
            "Idempotency keys are 1 to {KEY_CHARACTERS} characters long; this one has {}.",
            key.len()
        )));
    }
    Ok(Some(key.to_owned()))
}
