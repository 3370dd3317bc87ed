//! A browser as far as it matters here: it keeps cookies and says on whose page a request was made.

use std::{collections::BTreeMap, sync::Mutex};

use http::Method;
use serde_json::Value;
use testkit::{Answer, Client};

use crate::{app::adding, shop::Product};

pub(crate) struct Browser {
    client: Client,
    url: String,
    jar: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            client: Client::new(url),
            url: url.to_owned(),
            jar: Mutex::default(),
        }
    }

    /// The same browser after the service moved to another address.
    pub(crate) fn moved_to(self, url: &str) -> Self {
        Self {
            jar: self.jar,
            ..Self::new(url)
        }
    }

    /// With the cookie of a session.
    pub(crate) fn sign_in(&self, token: &str) {
        self.keep("argosy_access", token);
    }

    pub(crate) fn keep(&self, name: &str, value: &str) {
        let mut jar = self.jar.lock().unwrap();
        jar.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn forget(&self, name: &str) {
        self.jar.lock().unwrap().remove(name);
    }

    /// The value of the cookie that the cart is bound to.
    pub(crate) fn guest_cookie(&self) -> Option<String> {
        self.jar.lock().unwrap().get("argosy_cart").cloned()
    }

    /// From a page of the shop's own.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let origin = self.url.clone();
        self.send_from(Some(&origin), method, path, body).await
    }

    /// From a page of this origin; a bare client names none.
    pub(crate) async fn send_from(
        &self,
        origin: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let pairs: Vec<String> = self
            .jar
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let sending = self.client.send(method, path, |mut request| {
            if !pairs.is_empty() {
                request = request.header("cookie", pairs.join("; "));
            }
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            match body {
                Some(body) => request.json(&body),
                None => request,
            }
        });
        let answer = sending.await;
        self.take_cookies(&answer);
        answer
    }

    fn take_cookies(&self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = line.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.forget(name);
            } else {
                self.keep(name, value);
            }
        }
    }

    pub(crate) async fn add(&self, product: &Product, quantity: i64) -> Answer {
        let body = adding(product, quantity);
        self.send(Method::POST, "/api/cart/items", Some(body)).await
    }

    pub(crate) async fn set(&self, variant: &str, quantity: i64) -> Answer {
        let body = serde_json::json!({ "quantity": quantity });
        let path = format!("/api/cart/items/{variant}");
        self.send(Method::PUT, &path, Some(body)).await
    }

    pub(crate) async fn remove(&self, variant: &str) -> Answer {
        let path = format!("/api/cart/items/{variant}");
        self.send(Method::DELETE, &path, None).await
    }

    pub(crate) async fn merge(&self) -> Answer {
        self.send(Method::POST, "/api/cart/merge", None).await
    }

    pub(crate) async fn cart(&self) -> Value {
        self.send(Method::GET, "/api/cart", None)
            .await
            .expect(200)
            .json()
    }
}
