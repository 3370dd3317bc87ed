//! Somebody with an account, as the public API sees them.

use std::sync::RwLock;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::World;
use crate::http::{self, Answer};

/// Long enough for the rules, and known to nobody after the probe has ended.
fn password() -> String {
    format!("Probe-{}", uuid::Uuid::new_v4())
}

/// A signed-in client of the edge.
pub(crate) struct Customer {
    base: String,
    pub(crate) id: String,
    pub(crate) email: String,
    password: String,
    /// Lives for some minutes; [`Self::send`] gets another one when it has expired.
    token: RwLock<String>,
}

impl Customer {
    /// Makes an account and signs in with it.
    pub(crate) async fn register(world: &World) -> Result<Self, String> {
        let base = world.edge("")?;
        let email = format!("probe-{}@argosy.example", uuid::Uuid::new_v4());
        let password = password();
        let body = json!({
            "email": email, "password": password, "firstName": "Probe", "lastName": "Argosy", "gdprConsent": true,
        });
        let answer = http::send(
            Method::POST,
            &format!("{base}/api/users/register"),
            Some(body.to_string()),
        )
        .await?;
        let registered = expect(&answer, "POST /api/users/register", StatusCode::CREATED)?;
        let id = text(&registered, "id")
            .or_else(|_| text(&registered["user"], "id"))
            .or_else(|_| text(&registered, "userId"))?;
        let token = log_in(&base, &email, &password).await?;
        Ok(Self {
            base,
            id,
            email,
            password,
            token: RwLock::new(token),
        })
    }

    /// The administrator whom the toolkit has made.
    pub(crate) async fn administrator(world: &World) -> Result<Self, String> {
        let base = world.edge("")?;
        let email = world.environment.settings().admin_email.clone();
        let file = world.paths.secrets().join("admin-password");
        let password = std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let password = password.trim_end().to_owned();
        let token = log_in(&base, &email, &password).await?;
        Ok(Self {
            base,
            id: String::new(),
            email,
            password,
            token: RwLock::new(token),
        })
    }

    pub(crate) fn token(&self) -> String {
        self.token
            .read()
            .map(|token| token.clone())
            .unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, None, &[]).await
    }

    /// A GET that must answer with 200.
    pub(crate) async fn get_ok(&self, path: &str) -> Result<Value, String> {
        expect(&self.get(path).await?, path, StatusCode::OK)
    }

    /// A page of the shop, as the customer's browser opens it.
    pub(crate) async fn page(&self, path: &str) -> Result<String, String> {
        let cookie = format!("argosy_access={}", self.token());
        let address = format!("{}{path}", self.base);
        let answer =
            http::send_with(Method::GET, &address, None, &[("cookie", cookie.as_str())]).await?;
        if answer.status != StatusCode::OK || answer.media_type() != "text/html" {
            return Err(format!(
                "{path} answers with {}, `{}`: {}",
                answer.status,
                answer.media_type(),
                answer.excerpt()
            ));
        }
        Ok(answer.text())
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let token = self.token();
        let answer = self
            .send_as(&token, method.clone(), path, body, headers)
            .await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let token = log_in(&self.base, &self.email, &self.password).await?;
        if let Ok(mut current) = self.token.write() {
            current.clone_from(&token);
        }
        self.send_as(&token, method, path, body, headers).await
    }

    async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        http::send_with(
            method,
            &format!("{}{path}", self.base),
            body.map(ToString::to_string),
            &all,
        )
        .await
    }
}

async fn log_in(base: &str, email: &str, password: &str) -> Result<String, String> {
    let body = json!({ "email": email, "password": password });
    let answer = http::send(
        Method::POST,
        &format!("{base}/api/users/login"),
        Some(body.to_string()),
    )
    .await?;
    text(
        &expect(&answer, "POST /api/users/login", StatusCode::OK)?,
        "token",
    )
}

/// The JSON of an answer that must have this status.
pub(crate) fn expect(answer: &Answer, what: &str, status: StatusCode) -> Result<Value, String> {
    if answer.status == status {
        return answer.json();
    }
    Err(format!(
        "{what} answers with {}, expected {}: {}",
        answer.status,
        status.as_u16(),
        answer.excerpt()
    ))
}

pub(crate) fn text(value: &Value, field: &str) -> Result<String, String> {
    value[field]
        .as_str()
        .map(ToOwned::to_owned)
        .ok_or_else(|| format!("there is no `{field}` in {value}"))
}
