//! `/openapi.json` and `/docs`: the API's description for machines, and the same on one page for people.
//!
//! The page is made here, without scripts and without inline styles, because it has to work under a content security
//! policy that forbids both.

mod page;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::Value;
use utoipa::{
    Modify,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{auth::ACCESS_COOKIE, metrics::HttpMetrics};

/// The two ways to say who is asking: a bearer token, or a browser's cookie with the same. For `modifiers(…)` of a document.
pub struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let cookie = ApiKeyValue::new(ACCESS_COOKIE);
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("accessToken", SecurityScheme::Http(bearer));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Serves a service's own document, the page and its style sheet.
pub fn routes<S: Clone + Send + Sync + 'static>(document: &OpenApi) -> Router<S> {
    let document = serde_json::to_value(document).expect("BUG: the document is plain data");
    routes_of(&document)
}

/// The same of a document that was put together elsewhere.
pub fn routes_of<S: Clone + Send + Sync + 'static>(document: &Value) -> Router<S> {
    let json: Arc<str> = document.to_string().into();
    let html: Arc<str> = page::render(document).into();
    Router::new()
        .route(
            "/openapi.json",
            get(move || async move { typed("application/json", json.as_bytes().to_vec()) }),
        )
        .route(
            "/docs",
            get(move || async move { typed("text/html; charset=utf-8", html.as_bytes().to_vec()) }),
        )
        .route(
            "/docs/style.css",
            get(|| async { typed("text/css; charset=utf-8", page::STYLE.as_bytes().to_vec()) }),
        )
}

/// The page's own policy: its style sheet, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn typed(content_type: &'static str, body: Vec<u8>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    (headers, body)
}

/// Creates the metric series of every documented operation, so that the first request already counts in a rate.
pub fn expect_operations(document: &OpenApi, http: &HttpMetrics) {
    let document = serde_json::to_value(document).expect("BUG: the document is plain data");
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let statuses = operation["responses"].as_object();
            let success = statuses
                .and_then(|statuses| statuses.keys().find(|status| status.starts_with('2')));
            if let Some(status) = success {
                http.expect(&method.to_uppercase(), path, status);
            }
        }
    }
}
