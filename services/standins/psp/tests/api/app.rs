//! A simulator of the test's own, and a receiver of its webhooks.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use chassis::{Process, Secret};
use hmac::{Hmac, Mac as _};
use http::{Method, StatusCode};
use psp::{App, DatabaseConfig, MIGRATOR, ServeConfig, WebhookConfig};
use serde_json::{Value, json};
use testkit::{Answer, Client, TestDatabase, eventually};
use tokio::task::JoinSet;

pub(crate) const API_KEY: &str = "sk_test_a-key-of-the-tests";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of-the-tests";

pub(crate) type Form<'a> = &'a [(&'a str, &'a str)];

pub(crate) struct TestApp {
    pub(crate) calls: Calls,
    _tasks: JoinSet<()>,
}

impl std::ops::Deref for TestApp {
    type Target = Calls;

    fn deref(&self) -> &Calls {
        &self.calls
    }
}

impl TestApp {
    /// Never declines by chance, tells nobody.
    pub(crate) async fn start() -> Self {
        Self::on(TestDatabase::new(&MIGRATOR).await, None).await
    }

    pub(crate) async fn telling(receiver: &Receiver) -> Self {
        Self::on(
            TestDatabase::new(&MIGRATOR).await,
            Some(receiver.url.clone()),
        )
        .await
    }

    pub(crate) async fn on(database: TestDatabase, webhook_url: Option<String>) -> Self {
        let config = ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            database: DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            api_key_file: Secret::new(API_KEY),
            webhooks: WebhookConfig {
                webhook_url,
                webhook_secret_file: Some(Secret::new(WEBHOOK_SECRET)),
            },
            decline_rate: 0.0,
            seed: 0,
        };
        let app = App::new(&config, &Process::new("psp")).await.unwrap();
        let calls = Calls::new(&format!("http://{}", app.address().unwrap()));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { app.serve().await.unwrap() });
        Self {
            calls,
            _tasks: tasks,
        }
    }
}

/// How a shop calls its provider.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) base: String,
    pub(crate) shop: Client,
    pub(crate) anybody: Client,
}

impl Calls {
    pub(crate) fn new(base: &str) -> Self {
        let anybody = Client::new(base);
        Self {
            base: base.to_owned(),
            shop: anybody.with_token(API_KEY),
            anybody,
        }
    }

    pub(crate) async fn post(&self, path: &str, form: Form<'_>) -> Answer {
        self.post_keyed(path, form, None).await
    }

    pub(crate) async fn post_keyed(&self, path: &str, form: Form<'_>, key: Option<&str>) -> Answer {
        let body = serde_urlencoded::to_string(form).unwrap();
        self.shop
            .send(Method::POST, path, |request| {
                let request = match key {
                    Some(key) => request.header("idempotency-key", key),
                    None => request,
                };
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body)
            })
            .await
    }

    /// A payment at once.
    pub(crate) async fn pay(&self, method: &str, key: Option<&str>) -> Answer {
        let form = [
            ("amount", "1299"),
            ("currency", "eur"),
            ("payment_method", method),
            ("confirm", "true"),
            ("metadata[order_id]", "order-1"),
        ];
        self.post_keyed("/v1/payment_intents", &form, key).await
    }

    /// The id of an intent that has been paid.
    pub(crate) async fn paid(&self) -> String {
        let intent = self.pay("pm_card_visa", None).await.expect(200).json();
        intent["id"].as_str().unwrap().to_owned()
    }

    /// The same as a task that may fail: its connection may be closed.
    pub(crate) async fn try_to_pay(&self, key: &str) -> reqwest::Result<(StatusCode, Value)> {
        let client = reqwest::Client::builder().build().unwrap();
        let response = client
            .post(format!("{}/v1/payment_intents", self.base))
            .bearer_auth(API_KEY)
            .header("idempotency-key", key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("amount=1299&currency=eur&payment_method=pm_card_visa&confirm=true")
            .send()
            .await?;
        let status = response.status();
        Ok((status, response.json().await?))
    }

    pub(crate) async fn set_knobs(&self, knobs: Value) -> Answer {
        self.anybody
            .send(Method::PUT, "/_simulator/knobs", |request| {
                request.json(&knobs)
            })
            .await
    }

    pub(crate) async fn ledger(&self) -> Vec<Value> {
        let ledger = self
            .anybody
            .get("/_simulator/ledger")
            .await
            .expect(200)
            .json();
        ledger["entries"].as_array().unwrap().clone()
    }

    pub(crate) async fn happened(&self, fault: &str) -> u64 {
        let statistics = self
            .anybody
            .get("/_simulator/statistics")
            .await
            .expect(200)
            .json();
        statistics["faults"][fault].as_u64().unwrap()
    }
}

/// The `error` of an answer in Stripe's shape.
#[track_caller]
pub(crate) fn error(answer: &Answer, status: u16, kind: &str) -> Value {
    let document = answer.clone().expect(status).json();
    assert_eq!(document["error"]["type"], kind, "{document}");
    assert!(document["error"]["message"].is_string(), "{document}");
    assert!(
        answer.header("request-id").starts_with("req_"),
        "{:?}",
        answer.headers
    );
    document["error"].clone()
}

/// Somebody who listens to webhooks.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Received,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Inbox>>);

#[derive(Default)]
struct Inbox {
    deliveries: Vec<Delivery>,
    refusals: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) event: Value,
    /// Seconds.
    pub(crate) signed_at: i64,
    pub(crate) is_genuine: bool,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let state = Received::default();
        let router = Router::new()
            .route("/webhook", post(receive))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            state,
            _tasks: tasks,
        }
    }

    /// Answers 500 to the next ones.
    pub(crate) fn refuse(&self, times: usize) {
        self.state.0.lock().unwrap().refusals = times;
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state.0.lock().unwrap().deliveries.clone()
    }

    /// Waits for so many deliveries.
    pub(crate) async fn received(&self, number: usize) -> Vec<Delivery> {
        eventually(&format!("{number} webhooks"), || async {
            Some(self.deliveries()).filter(|deliveries| deliveries.len() >= number)
        })
        .await
    }
}

async fn receive(State(state): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["stripe-signature"].to_str().unwrap();
    let part = |name: &str| {
        signature
            .split(',')
            .find_map(|part| part.strip_prefix(name))
            .unwrap()
    };
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(part("t=").as_bytes());
    mac.update(b".");
    mac.update(&body);
    let delivery = Delivery {
        event: serde_json::from_slice(&body).unwrap(),
        signed_at: part("t=").parse().unwrap(),
        is_genuine: hex::encode(mac.finalize().into_bytes()) == part("v1="),
    };
    let mut inbox = state.0.lock().unwrap();
    inbox.deliveries.push(delivery);
    if inbox.refusals > 0 {
        inbox.refusals -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

/// What a paid intent looks like to whoever looks at its money.
pub(crate) fn charge_of(intent: &Value) -> Value {
    json!({ "amount": intent["amount_received"], "reference": intent["latest_charge"], "intent": intent["id"] })
}
