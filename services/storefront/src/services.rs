//! The other services as the storefront sees them: each call is made for a visit, with the cookies that the service may see,
//! a deadline, and an answer that can be "not now".

pub(crate) mod cart;
pub(crate) mod identity;
pub(crate) mod inventory;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod payments;

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
};
use chassis::{auth::ACCESS_COOKIE, correlation, http_client};
use reqwest::Url;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    Config,
    visit::{CART_COOKIE, DEVICE_COOKIE, REFRESH_COOKIE, Visit},
};

pub(crate) use crate::catalog::FieldError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a service says when it does not do what it was asked for (RFC 9457).
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) status: u16,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) errors: Vec<FieldError>,
    /// Everything else that it says.
    #[serde(flatten)]
    pub(crate) members: Map<String, Value>,
}

impl Problem {
    /// The last part of its type.
    pub(crate) fn slug(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }
}

/// Why a call brought no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It wants to know who asks, and the visit cannot say.
    #[error("{0} asks for a log-in")]
    SignIn(&'static str),
    /// There is no such thing, for this visitor.
    #[error("{0} does not have it")]
    NotFound(&'static str),
    /// It understood, and says no.
    #[error("{service} refused: {} ({})", problem.detail, problem.slug())]
    Refused {
        service: &'static str,
        problem: Box<Problem>,
    },
    /// It does not answer, or not sensibly.
    #[error("{service} cannot be asked")]
    Away {
        service: &'static str,
        #[source]
        source: anyhow::Error,
    },
}

/// One of the other services. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    name: &'static str,
    /// The cookies that are its business.
    cookies: &'static [&'static str],
    base_url: String,
    http: reqwest::Client,
    /// Where another access token is got.
    identity_url: String,
}

/// What a service said, word for word.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// No content is `null`.
    fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        let body: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(body)
    }

    /// Whether it wants to know who asks, which a wrong password is not about.
    fn asks_who(&self) -> bool {
        let is_about_a_password = |problem: &Problem| problem.slug() == "wrong-credentials";
        self.status == StatusCode::UNAUTHORIZED
            && !self
                .read::<Problem>()
                .is_ok_and(|problem| is_about_a_password(&problem))
    }
}

/// All of them.
pub(crate) struct Services {
    pub(crate) cart: cart::Carts,
    pub(crate) identity: identity::Identity,
    pub(crate) inventory: inventory::Inventory,
    pub(crate) notifications: notifications::Notifications,
    pub(crate) orders: orders::Orders,
    pub(crate) payments: payments::Payments,
}

/// How long a shopper waits before being told that a service does not answer.
const DEADLINE: Duration = Duration::from_secs(2);
/// Longer, for what must not be given up halfway: a password in the queue, an order in its statement, a document.
const PATIENT: Duration = Duration::from_secs(10);

impl Services {
    pub(crate) fn new(config: &Config) -> Self {
        let service = |name, cookies, url, deadline| {
            Service::new(name, cookies, url, &config.identity_url, deadline)
        };
        let account: &[&str] = &[ACCESS_COOKIE];
        let cart = service(
            "cart",
            &[ACCESS_COOKIE, CART_COOKIE],
            &config.cart_url,
            DEADLINE,
        );
        let cookies = &[ACCESS_COOKIE, REFRESH_COOKIE, DEVICE_COOKIE];
        let identity = service("identity", cookies, &config.identity_url, PATIENT);
        let inventory = service("inventory", &[], &config.inventory_url, DEADLINE);
        let messages = service("notifications", account, &config.notifications_url, PATIENT);
        let orders = service("orders", account, &config.orders_url, PATIENT);
        let payments = service("payments", &[], &config.payments_url, DEADLINE);
        Self {
            cart: cart::Carts(cart),
            identity: identity::Identity(identity),
            inventory: inventory::Inventory(inventory),
            notifications: notifications::Notifications(messages),
            orders: orders::Orders(orders),
            payments: payments::Payments(payments),
        }
    }

    /// Each with its name.
    pub(crate) fn all(&self) -> [(&'static str, Service); 6] {
        [
            &self.cart.0,
            &self.identity.0,
            &self.inventory.0,
            &self.notifications.0,
            &self.orders.0,
            &self.payments.0,
        ]
        .map(|service| (service.name, service.clone()))
    }
}

/// A question that is more than a path.
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Value>,
    /// A file instead of JSON: the service looks at what it is.
    file: Option<Bytes>,
}

impl Service {
    pub(crate) fn new(
        name: &'static str,
        cookies: &'static [&'static str],
        url: &Url,
        identity_url: &Url,
        deadline: Duration,
    ) -> Self {
        let plain = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        Self {
            name,
            cookies,
            base_url: plain(url),
            http: http_client::new(deadline),
            identity_url: plain(identity_url),
        }
    }

    /// What is at this path.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        visit: &Visit,
        path: &str,
    ) -> Result<T, Error> {
        self.ask(visit, Question::new(Method::GET, path)).await
    }

    /// What comes of a change.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        visit: &Visit,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.ask(visit, Question::new(method, path).with(body))
            .await
    }

    /// What is answered to this question, read as what is expected. An answer without content is `null`.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        visit: &Visit,
        question: Question<'_>,
    ) -> Result<T, Error> {
        let mut answer = self.send(visit, &question).await?;
        if answer.asks_who() && visit.has(ACCESS_COOKIE) {
            // The session may have ended elsewhere, or the token have run out on its way here.
            self.renew(visit).await;
            answer = self.send(visit, &question).await?;
        }
        visit.absorb(&answer.headers);
        match answer.status {
            status if status.is_success() => answer.read().map_err(|error| self.away(error)),
            StatusCode::NOT_FOUND => Err(Error::NotFound(self.name)),
            _ if answer.asks_who() => Err(Error::SignIn(self.name)),
            status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
                Err(Error::Refused {
                    service: self.name,
                    problem: Box::new(answer.read().map_err(|error| self.away(error))?),
                })
            }
            status => Err(self.away(anyhow::anyhow!("it answered {status}"))),
        }
    }

    /// Gets the visit another access token. Where the session has ended, the visit is nobody's from then on; where identity
    /// does not answer, it stays as it is.
    pub(crate) async fn renew(&self, visit: &Visit) {
        let cookies = visit.cookie_header(&[REFRESH_COOKIE, DEVICE_COOKIE]);
        let Some(cookies) = cookies.filter(|_| visit.has(REFRESH_COOKIE)) else {
            visit.sign_out();
            return;
        };
        let url = format!("{}/api/auth/refresh", self.identity_url);
        let request = self
            .http
            .post(url)
            .headers(visit.forwarded_with_address())
            .headers(correlation::headers())
            .header(SEC_FETCH_SITE, "same-origin")
            .header(reqwest::header::COOKIE, cookies);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => visit.absorb(answer.headers()),
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => visit.sign_out(),
            Ok(answer) => {
                visit.stays_unrenewed();
                tracing::warn!(status = %answer.status(), "a session could not be renewed");
            }
            Err(error) => {
                visit.stays_unrenewed();
                tracing::warn!(error = %error.without_url(), "a session could not be renewed");
            }
        }
    }

    /// Whether it runs.
    pub(crate) async fn ping(&self) -> anyhow::Result<()> {
        let answer = self
            .http
            .get(format!("{}/livez", self.base_url))
            .send()
            .await;
        answer?.error_for_status()?;
        Ok(())
    }

    async fn send(&self, visit: &Visit, question: &Question<'_>) -> Result<Answer, Error> {
        let forwarded = if self.name == "identity" {
            visit.forwarded_with_address()
        } else {
            visit.forwarded()
        };
        // A page of ours made the request (`session::require_own_page`), which is what a service wants to know of a change.
        let mut request = self
            .http
            .request(
                question.method.clone(),
                format!("{}{}", self.base_url, question.path),
            )
            .headers(forwarded)
            .headers(correlation::headers())
            .headers(question.headers.clone())
            .header(SEC_FETCH_SITE, HeaderValue::from_static("same-origin"));
        if let Some(cookies) = visit.cookie_header(self.cookies) {
            request = request.header(reqwest::header::COOKIE, cookies);
        }
        if let Some(body) = &question.body {
            request = request.json(body);
        }
        if let Some(file) = &question.file {
            request = request.body(file.clone());
        }
        let answer = async {
            let answer = request.send().await?;
            Ok(Answer {
                status: answer.status(),
                headers: answer.headers().clone(),
                body: answer.bytes().await?.into(),
            })
        };
        answer
            .await
            .map_err(|error: reqwest::Error| self.away(error.without_url()))
    }

    fn away(&self, source: impl Into<anyhow::Error>) -> Error {
        Error::Away {
            service: self.name,
            source: source.into(),
        }
    }
}

impl<'a> Question<'a> {
    pub(crate) fn new(method: Method, path: &'a str) -> Self {
        Self {
            method,
            path,
            headers: HeaderMap::new(),
            body: None,
            file: None,
        }
    }

    /// With this file as its body.
    pub(crate) fn with_file(self, file: Bytes) -> Self {
        Self {
            file: Some(file),
            ..self
        }
    }

    /// With this body.
    pub(crate) fn with(self, body: &impl Serialize) -> Self {
        let body = serde_json::to_value(body).expect("BUG: our questions are JSON");
        Self {
            body: Some(body),
            ..self
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
