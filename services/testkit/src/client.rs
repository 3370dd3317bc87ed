//! An HTTP client for tests: short to call, and a failed expectation shows the whole answer.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

/// Calls one service, perhaps as somebody.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The request, for messages.
    pub request: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Client {
    /// Calls the service at `base`, such as `http://127.0.0.1:7101`, as nobody.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .unwrap();
        Self {
            http,
            base: base.to_owned(),
            token: None,
        }
    }

    /// The same with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, |request| request).await
    }

    /// `GET path` with parameters, encoded.
    pub async fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, |request| request.query(query))
            .await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::POST, path, |request| request.json(body))
            .await
    }

    /// `PATCH path` with a JSON body.
    pub async fn patch(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::PATCH, path, |request| request.json(body))
            .await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, |request| request).await
    }

    /// Any request, as the test completes it.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        complete: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Answer {
        let request = format!("{method} {path}");
        let mut builder = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        let response = complete(builder)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{request}: {error:?}"));
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response
            .bytes()
            .await
            .unwrap_or_else(|error| panic!("{request}: {error:?}"));
        Answer {
            request,
            status,
            headers,
            body,
        }
    }
}

impl Answer {
    /// Fails unless the status is this one.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "most tests only want to know that it is so"
    )]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{} answered {}",
            self.request,
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: {}",
                self.request,
                String::from_utf8_lossy(&self.body)
            )
        })
    }

    /// A header as text, empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails unless this is a well-formed problem of this kind; returns the names of the fields that it is about.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, slug: &str) -> Vec<String> {
        let problem = self.json();
        let shown = format!("{} answered {problem}", self.request);
        assert_eq!(self.status.as_u16(), status, "{shown}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{shown}"
        );
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{shown}");
        assert_eq!(problem["status"], status, "{shown}");
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{shown}");
        assert!(
            problem["title"].is_string() && problem["detail"].is_string(),
            "{shown}"
        );
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}
