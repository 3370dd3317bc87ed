//! What surrounds S3 on a connection: request ids, CORS, and one log line per request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderValue, Method, Response, StatusCode, header};
use hyper::body::Incoming;
use s3s::{Body, HttpError, HttpResponse, S3Error, s3_error, service::S3Service};
use tracing::{debug, error, info, warn};

use crate::{cors, store::Store};

#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) s3: S3Service,
    pub(crate) store: Arc<Store>,
}

struct Asked {
    method: Method,
    /// Without the query, in which presigned URLs carry their signature.
    path: String,
    origin: Option<HeaderValue>,
    id: String,
}

impl Connection {
    pub(crate) async fn answer(
        &self,
        request: http::Request<Incoming>,
    ) -> Result<HttpResponse, HttpError> {
        let started = Instant::now();
        let asked = Asked {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            origin: request.headers().get(header::ORIGIN).cloned(),
            id: uuid::Uuid::new_v4().simple().to_string(),
        };
        let bucket = asked
            .path
            .split('/')
            .nth(1)
            .and_then(|name| self.store.find_bucket(name));
        let cors = bucket.as_ref().and_then(|bucket| bucket.cors.as_ref());

        let mut response = if asked.method == Method::OPTIONS {
            preflight(cors.and_then(|cors| cors::preflight_headers(cors, request.headers())))?
        } else {
            self.s3.call(request.map(Body::from)).await?
        };

        let headers = response.headers_mut();
        if let (Some(cors), Some(origin)) = (cors, &asked.origin)
            && let Some(granted) = cors::response_headers(cors, origin, &asked.method)
        {
            headers.extend(granted);
        }
        headers.insert(
            "x-amz-request-id",
            HeaderValue::from_str(&asked.id).expect("BUG: an id is hexadecimal"),
        );
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        asked.log(response.status(), started.elapsed());
        Ok(response)
    }
}

impl Asked {
    fn log(&self, status: StatusCode, elapsed: Duration) {
        let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let Self {
            method, path, id, ..
        } = self;
        let status_code = status.as_u16();
        let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
            error!(%method, path, status = status_code, duration_ms, request_id = id, "request failed");
        } else if is_read && (status != StatusCode::FORBIDDEN || path == "/") {
            debug!(%method, path, status = status_code, duration_ms, request_id = id, "request");
        } else if status.is_client_error() {
            warn!(%method, path, status = status_code, duration_ms, request_id = id, "request refused");
        } else {
            info!(%method, path, status = status_code, duration_ms, request_id = id, "request");
        }
    }
}

fn preflight(granted: Option<http::HeaderMap>) -> Result<HttpResponse, HttpError> {
    match granted {
        Some(headers) => {
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = headers;
            Ok(response)
        }
        None => refusal(s3_error!(
            AccessDenied,
            "CORSResponse: This CORS request is not allowed."
        )),
    }
}

fn refusal(error: S3Error) -> Result<HttpResponse, HttpError> {
    error
        .to_http_response()
        .map_err(|error| HttpError::new(Box::new(error)))
}
