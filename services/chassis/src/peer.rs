//! Calls of another service of the platform: with a credential, a time limit and a breaker.

use std::time::Duration;

use http::StatusCode;
use prometheus::IntCounterVec;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Problem,
    auth::InternalToken,
    breaker::{Breaker, Open},
    correlation, http_client,
    metrics::{Metrics, PEER_CALLS},
};

/// How long a service that does not answer is left alone. One of ours is restarted within a second or two; the 30 s that another
/// company's service gets would turn each restart into half a minute without orders.
const OPEN_FOR: Duration = Duration::from_secs(2);

/// Another service. Cheap to clone.
#[derive(Clone)]
pub struct Peer {
    name: &'static str,
    base_url: String,
    client: reqwest::Client,
    token: InternalToken,
    breaker: Breaker,
    calls: IntCounterVec,
}

/// The other service said no: a problem of its own (RFC 9457).
#[derive(Debug, Clone, Deserialize)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `/problems/<slug>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a sentence.
    #[serde(default)]
    pub detail: String,
    /// Everything else that the document says.
    #[serde(flatten)]
    pub members: serde_json::Map<String, Value>,
}

impl Refusal {
    /// The last part of its type.
    pub fn slug(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }
}

/// Why a call brought no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not answer, or fails itself.
    #[error("{service} cannot be asked right now")]
    Unavailable {
        /// Which one.
        service: &'static str,
        /// When to try again.
        retry_after: Duration,
        #[source]
        source: anyhow::Error,
    },
    /// It answered with a 4xx.
    #[error("{service} refused: {}", refusal.detail)]
    Refused {
        /// Which one.
        service: &'static str,
        /// What it said.
        refusal: Box<Refusal>,
    },
}

/// A service that cannot be asked is a 503; a refusal that the caller did not expect is a fault of ours.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable {
                service,
                retry_after,
                source,
            } => {
                let detail = format!("The {service} service cannot be asked right now.");
                Self {
                    retry_after: Some(retry_after.max(Duration::from_secs(1))),
                    ..Self::unavailable(detail, source)
                }
            }
            refused @ Error::Refused { .. } => Self::internal(refused),
        }
    }
}

impl Peer {
    /// `name` as people and metrics call it; `timeout` for a whole call.
    pub fn new(
        name: &'static str,
        base_url: &str,
        token: InternalToken,
        timeout: Duration,
        metrics: &Metrics,
    ) -> Self {
        let calls = metrics.counter(&PEER_CALLS);
        for outcome in ["answered", "refused", "failed", "not_asked"] {
            calls.with_label_values(&[name, outcome]);
        }
        Self {
            name,
            base_url: base_url.trim_end_matches('/').to_owned(),
            client: http_client::new(timeout),
            token,
            breaker: Breaker::opening_for(OPEN_FOR, name, metrics),
            calls,
        }
    }

    /// `GET` of a path with its query.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(self.request(Method::GET, path)).await
    }

    /// `GET` on behalf of whoever asked us: with their access token instead of our credential.
    pub async fn get_as<T: DeserializeOwned>(
        &self,
        access_token: &str,
        path: &str,
    ) -> Result<T, Error> {
        let address = format!("{}{path}", self.base_url);
        self.call(self.client.get(address).bearer_auth(access_token))
            .await
    }

    /// `POST` of a JSON body.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.call(self.request(Method::POST, path).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base_url))
            .bearer_auth(self.token.expose())
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let request = request.headers(correlation::headers());
        if let Err(open) = self.breaker.admit() {
            self.count("not_asked");
            return Err(self.unavailable(open));
        }
        let answer = match request.send().await {
            Ok(response) => {
                let status = response.status();
                response.bytes().await.map(|body| (status, body))
            }
            Err(error) => Err(error),
        };
        let (status, body) = match answer {
            Ok((status, body)) if !is_failure(status) => (status, body),
            Ok((status, _)) => return Err(self.failed(anyhow::anyhow!("it answered {status}"))),
            Err(error) => return Err(self.failed(error.without_url().into())),
        };
        self.breaker.succeeded();
        if status.is_success() {
            self.count("answered");
            return serde_json::from_slice(&body)
                .map_err(|error| self.unavailable(anyhow::Error::new(error)));
        }
        self.count("refused");
        match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => Err(Error::Refused {
                service: self.name,
                refusal: Box::new(refusal),
            }),
            Err(error) => Err(self.unavailable(anyhow::anyhow!("it answered {status}: {error}"))),
        }
    }

    fn failed(&self, error: anyhow::Error) -> Error {
        self.breaker.failed();
        self.count("failed");
        self.unavailable(error)
    }

    fn unavailable(&self, source: impl Into<anyhow::Error>) -> Error {
        let source = source.into();
        let retry_after = source
            .downcast_ref::<Open>()
            .map_or(Duration::from_secs(2), |open| open.retry_after);
        Error::Unavailable {
            service: self.name,
            retry_after,
            source,
        }
    }

    fn count(&self, outcome: &str) {
        self.calls.with_label_values(&[self.name, outcome]).inc();
    }
}

/// Its own failure, as opposed to an answer that we may not like.
fn is_failure(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
}
