//! What every call of the provider's API passes first: outage, key, rate limit; for reads also what a write meets later.

use axum::{
    extract::{Request, State as Extract},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    assembly::State,
    connection::Fate,
    domain::{event::API_VERSION, identifier},
    error::Error,
    faults::Fault,
    knobs::{Knobs, Outage},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const VERSION: HeaderName = HeaderName::from_static("stripe-version");

/// Stripe's id of a request: `req_…`.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

pub(super) async fn gate(
    Extract(state): Extract<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = identifier::fresh("req");
    request.extensions_mut().insert(RequestId(id.clone()));
    // Taken out, because a request's body must not be held across a pause.
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let mut response = match pass(&state, &method, &headers).await {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal,
    };
    let headers = response.headers_mut();
    headers.insert(VERSION, HeaderValue::from_static(API_VERSION));
    headers.insert(
        REQUEST_ID,
        HeaderValue::from_str(&id).expect("BUG: an id is letters and digits"),
    );
    response
}

async fn pass(state: &State, method: &Method, headers: &HeaderMap) -> Result<(), Response> {
    let knobs = state
        .faults
        .knobs()
        .await
        .map_err(|error| Error::from(error).into_response())?;
    if knobs.outage != Outage::None {
        state.faults.happened(&[Fault::Outage]).await;
        let mut response = Error::unavailable().into_response();
        let dropped = knobs.outage == Outage::Closed;
        response.extensions_mut().insert(Fate {
            dropped,
            ..Fate::default()
        });
        return Err(response);
    }
    authenticate(state, headers).map_err(Error::into_response)?;
    if state.faults.strikes(knobs.rate_limit_rate) {
        state.faults.happened(&[Fault::RateLimited]).await;
        return Err(Error::rate_limited().into_response());
    }
    if method == Method::POST {
        return Ok(());
    }
    read(state, &knobs).await.map_err(Error::into_response)
}

/// The faults that a write meets while it is executed.
async fn read(state: &State, knobs: &Knobs) -> Result<(), Error> {
    state.faults.lag(knobs).await;
    if state.faults.strikes(knobs.error_rate_before_apply) {
        state.faults.happened(&[Fault::ErrorBeforeApply]).await;
        return Err(Error::internal());
    }
    Ok(())
}

/// `Authorization: Bearer <key>`, or basic authentication with the key as the user.
fn authenticate(state: &State, headers: &HeaderMap) -> Result<(), Error> {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some((scheme, credentials)) = given.and_then(|value| value.split_once(' ')) else {
        return Err(Error::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer \
             auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    let key = if scheme.eq_ignore_ascii_case("basic") {
        user(credentials.trim()).unwrap_or_default()
    } else {
        credentials.trim().to_owned()
    };
    if state.api_key.is(&key) {
        return Ok(());
    }
    let end: String = key
        .chars()
        .skip(key.chars().count().saturating_sub(4))
        .collect();
    let shown = if key.chars().count() > 12 {
        format!("****{end}")
    } else {
        "****".to_owned()
    };
    Err(Error::unauthorized(format!(
        "Invalid API Key provided: {shown}"
    )))
}

fn user(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    Some(decoded.split(':').next().unwrap_or_default().to_owned())
}
