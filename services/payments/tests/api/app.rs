//! A shop's payments of the test's own: databases, broker, provider, and one or several copies of the service.

use chassis::{Process, Secret, auth::KeySource};
use contracts::{
    Currency, Money, OrderId, RefundId, UserId,
    orders::{PaymentCancelRequested, PaymentRequested, RefundRequested},
};
use payments::{BrokerConfig, DatabaseConfig, MIGRATOR, ProviderConfig, ServeConfig, TimingConfig};
use serde_json::{Value, json};
use sqlx::{PgPool, Postgres, pool::PoolConnection, postgres::PgPoolOptions};
use testkit::{Client, Issuer, Nats, TestDatabase, eventually, free_port};
use tokio::task::JoinSet;
use uuid::Uuid;

pub(crate) const API_KEY: &str = "sk_test_a-key-of-the-tests";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of-the-tests";
pub(crate) const VISA: &str = "pm_card_visa";
pub(crate) const DECLINED: &str = "pm_card_visa_chargeDeclinedInsufficientFunds";

pub(crate) struct Shop {
    pub(crate) nats: Nats,
    pub(crate) database: TestDatabase,
    pub(crate) psp: Psp,
    pub(crate) issuer: Issuer,
    /// Where the provider sends its webhooks.
    pub(crate) port: u16,
    copies: Vec<Copy>,
    /// To look at what the service has stored: a test that polls must not open a connection each time.
    pool: PgPool,
}

struct Copy {
    process: Process,
    tasks: JoinSet<()>,
}

/// The provider, with its own books.
pub(crate) struct Psp {
    pub(crate) url: String,
    pub(crate) client: Client,
    _tasks: JoinSet<()>,
}

/// An order that is to be paid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) user: UserId,
    pub(crate) minor: i64,
    pub(crate) method: &'static str,
}

pub(crate) fn order() -> Order {
    Order {
        id: OrderId(Uuid::new_v4()),
        user: UserId::generate(),
        minor: 1_000,
        method: VISA,
    }
}

impl Order {
    pub(crate) fn by(method: &'static str) -> Self {
        Self { method, ..order() }
    }

    pub(crate) fn requested(&self) -> PaymentRequested {
        PaymentRequested {
            order_id: self.id,
            version: 1,
            user_id: self.user,
            amount: Money::from_minor(self.minor, Currency::Eur),
            payment_method: self.method.to_owned(),
        }
    }
}

impl Shop {
    /// With the service running in this process.
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut ServeConfig)) -> Self {
        let mut shop = Self::closed().await;
        shop.start_with(change).await;
        shop
    }

    /// Everything but the service.
    pub(crate) async fn closed() -> Self {
        let port = free_port();
        let database = TestDatabase::new(&MIGRATOR).await;
        let nats = Nats::start();
        declare_orders(&nats).await;
        Self {
            nats,
            pool: PgPoolOptions::new()
                .max_connections(2)
                .connect_lazy(&database.url())
                .unwrap(),
            database,
            psp: Psp::start(port).await,
            issuer: Issuer::default(),
            port,
            copies: Vec::new(),
        }
    }

    /// What everything that takes minutes in production takes milliseconds with.
    pub(crate) fn config(&self) -> ServeConfig {
        ServeConfig {
            listen: format!("127.0.0.1:{}", self.port).parse().unwrap(),
            limits: chassis::RateLimitConfig::default(),
            database: DatabaseConfig {
                database_url: self.database.url(),
                database_password_file: None,
            },
            broker: BrokerConfig {
                nats_url: self.nats.url(),
            },
            jwks: KeySource::File(self.issuer.file()),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
            provider: ProviderConfig {
                url: self.psp.url.clone(),
                api_key_file: Secret::new(API_KEY),
                webhook_secret_file: Secret::new(WEBHOOK_SECRET),
                timeout_ms: 5_000,
                concurrency: 16.try_into().unwrap(),
                calls_per_second: 500.try_into().unwrap(),
                breaker_open_ms: 300,
            },
            timing: TimingConfig {
                retry_pauses_ms: "50,100,200".parse().unwrap(),
                decline_pause_ms: 20,
                lease_ms: 10_000,
                doubt_limit_s: 82_800,
                reconcile_every_ms: 3_600_000,
                poll_ms: 20,
            },
        }
    }

    /// Starts a copy of the service; the first one has the port that webhooks go to.
    pub(crate) async fn start_with(&mut self, change: impl FnOnce(&mut ServeConfig)) {
        let mut config = self.config();
        if !self.copies.is_empty() {
            config.listen.set_port(0);
        }
        change(&mut config);
        let process = Process::new("payments");
        let app = payments::app(&config, &process).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { app.serve().await.unwrap() });
        self.copies.push(Copy { process, tasks });
    }

    /// Ends every copy as a deployment does, and waits for it.
    pub(crate) async fn stop(&mut self) {
        for mut copy in self.copies.drain(..) {
            copy.process.shutdown.cancel();
            while let Some(ended) = copy.tasks.join_next().await {
                ended.unwrap();
            }
        }
    }

    /// As nobody.
    pub(crate) fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    pub(crate) fn client_of(&self, user: UserId, role: &str) -> Client {
        self.client().with_token(&self.issuer.token(user.0, role))
    }

    pub(crate) fn admin(&self) -> Client {
        self.client_of(UserId::generate(), "admin")
    }

    /// Orders asks for the payment.
    pub(crate) async fn request(&self, order: &Order) -> Uuid {
        let event = Uuid::now_v7();
        self.nats.tell("ORDERS", event, &order.requested()).await;
        event
    }

    pub(crate) async fn cancel(&self, order: &Order) {
        let event = PaymentCancelRequested {
            order_id: order.id,
            version: 2,
        };
        self.nats.tell("ORDERS", Uuid::now_v7(), &event).await;
    }

    pub(crate) async fn refund(&self, order: &Order, minor: i64) -> RefundId {
        let refund_id = RefundId(Uuid::new_v4());
        let event = RefundRequested {
            order_id: order.id,
            version: 4,
            refund_id,
            amount: Money::from_minor(minor, Currency::Eur),
            reason: "it does not fit".to_owned(),
        };
        self.nats.tell("ORDERS", Uuid::now_v7(), &event).await;
        refund_id
    }

    /// A payment that has been captured.
    pub(crate) async fn paid(&self) -> Order {
        let order = order();
        self.request(&order).await;
        self.until(&order, "CAPTURED").await;
        order
    }

    /// To look at what the service has stored.
    pub(crate) async fn connection(&self) -> PoolConnection<Postgres> {
        self.pool.acquire().await.unwrap()
    }

    pub(crate) async fn state(&self, order: &Order) -> Option<String> {
        let mut connection = self.connection().await;
        sqlx::query_scalar("select state from payment where order_id = $1")
            .bind(order.id.0)
            .fetch_optional(&mut *connection)
            .await
            .unwrap()
    }

    /// Waits until the payment is in this state.
    pub(crate) async fn until(&self, order: &Order, state: &str) {
        eventually(&format!("the payment is {state}"), || async {
            (self.state(order).await.as_deref() == Some(state)).then_some(())
        })
        .await;
    }

    /// What others were told of an order's payment, in order: `captured`, `refund_failed`, …
    pub(crate) async fn said(&self, order: &Order) -> Vec<String> {
        let mut connection = self.connection().await;
        let subjects: Vec<String> = sqlx::query_scalar(
            "select subject from outbox where payload->>'orderId' = $1 order by aggregate_version",
        )
        .bind(order.id.to_string())
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        subjects
            .iter()
            .map(|subject| {
                let event = subject.strip_prefix("shop.payments.").unwrap();
                let event = event.strip_suffix(".v1").unwrap();
                event.strip_prefix("payment_").unwrap_or(event).to_owned()
            })
            .collect()
    }

    /// Waits until others were told this last.
    pub(crate) async fn until_said(&self, order: &Order, event: &str) {
        eventually(&format!("{event} is said"), || async {
            let said = self.said(order).await;
            (said.last().map(String::as_str) == Some(event)).then_some(())
        })
        .await;
    }

    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        let mut connection = self.connection().await;
        sqlx::query_scalar(statement)
            .fetch_one(&mut *connection)
            .await
            .unwrap()
    }

    pub(crate) async fn run(&self, statement: &'static str, order: &Order) {
        let mut connection = self.connection().await;
        sqlx::query(statement)
            .bind(order.id.0)
            .execute(&mut *connection)
            .await
            .unwrap();
    }

    /// Fails unless our ledger and the provider's are the same movements of money, and no order was charged twice.
    pub(crate) async fn books_agree(&self) {
        let mut connection = self.connection().await;
        let ours: Value = sqlx::query_scalar(
            "select coalesce(json_agg(json_build_array(psp_ref, kind, amount_minor, lower(currency)) order by psp_ref), '[]') from money_ledger",
        )
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        let mut theirs: Vec<Value> = self
            .psp
            .ledger()
            .await
            .iter()
            .map(|entry| {
                json!([
                    entry["reference"],
                    entry["kind"],
                    entry["amount"],
                    entry["currency"]
                ])
            })
            .collect();
        theirs.sort_by_key(|entry| entry[0].as_str().unwrap().to_owned());
        let mut sorted = ours.as_array().unwrap().clone();
        sorted.sort_by_key(|entry| entry[0].as_str().unwrap().to_owned());
        assert_eq!(sorted, theirs, "our books and the provider's");
    }

    pub(crate) async fn metric(&self, line: &str) -> Option<f64> {
        let scrape = self.client().get("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&scrape.body).into_owned();
        let line = text.lines().find_map(|found| found.strip_prefix(line))?;
        line.trim().parse().ok()
    }
}

/// Makes the stream of orders, so that no two of the test's messages do at once.
async fn declare_orders(nats: &Nats) {
    let client = async_nats::connect(nats.url()).await.unwrap();
    let config = async_nats::jetstream::stream::Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["shop.orders.>".to_owned()],
        ..async_nats::jetstream::stream::Config::default()
    };
    async_nats::jetstream::new(client)
        .create_stream(config)
        .await
        .unwrap();
}

impl Psp {
    /// Declines nothing by chance.
    pub(crate) async fn start(webhook_port: u16) -> Self {
        let database = TestDatabase::new(&psp::MIGRATOR).await;
        let config = psp::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            database: psp::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            api_key_file: Secret::new(API_KEY),
            webhooks: psp::WebhookConfig {
                webhook_url: Some(format!("http://127.0.0.1:{webhook_port}/webhooks/psp")),
                webhook_secret_file: Some(Secret::new(WEBHOOK_SECRET)),
            },
            decline_rate: 0.0,
            seed: 0,
        };
        let app = psp::App::new(&config, &Process::new("psp")).await.unwrap();
        let url = format!("http://{}", app.address().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { app.serve().await.unwrap() });
        Self {
            client: Client::new(&url),
            url,
            _tasks: tasks,
        }
    }

    /// Sets what goes wrong; webhooks are off unless the test wants them.
    pub(crate) async fn knobs(&self, mut knobs: Value) {
        if knobs.get("webhooks").is_none() {
            knobs["webhooks"] = json!({ "enabled": false });
        }
        let put = |request: reqwest::RequestBuilder| request.json(&knobs);
        self.client
            .send(http::Method::PUT, "/_simulator/knobs", put)
            .await
            .expect(200);
    }

    pub(crate) async fn ledger(&self) -> Vec<Value> {
        let ledger = self
            .client
            .get("/_simulator/ledger")
            .await
            .expect(200)
            .json();
        ledger["entries"].as_array().unwrap().clone()
    }

    /// How often an order was charged.
    pub(crate) async fn charges(&self, order: &Order) -> usize {
        self.moved("charge", order).await.0
    }

    /// How often money of an order went back, and how much.
    pub(crate) async fn refunds(&self, order: &Order) -> (usize, i64) {
        self.moved("refund", order).await
    }

    async fn moved(&self, kind: &str, order: &Order) -> (usize, i64) {
        let id = order.id.to_string();
        let ledger = self.ledger().await;
        let moved = ledger
            .iter()
            .filter(|entry| entry["kind"] == kind && entry["metadata"]["order_id"] == id);
        moved.fold((0, 0), |(number, sum), entry| {
            (number + 1, sum + entry["amount"].as_i64().unwrap())
        })
    }

    pub(crate) async fn statistics(&self) -> Value {
        self.client
            .get("/_simulator/statistics")
            .await
            .expect(200)
            .json()
    }

    /// How often a fault really happened.
    pub(crate) async fn happened(&self, fault: &str) -> u64 {
        self.statistics().await["faults"][fault].as_u64().unwrap()
    }

    /// How many intents there are, charged or not.
    pub(crate) async fn intents(&self) -> Vec<Value> {
        let shop = self.client.with_token(API_KEY);
        let list = shop
            .get("/v1/payment_intents?limit=100")
            .await
            .expect(200)
            .json();
        list["data"].as_array().unwrap().clone()
    }

    /// A call behind the service's back, as a person with the provider's dashboard would make it.
    pub(crate) async fn by_hand(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let body = form
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&");
        let complete = |request: reqwest::RequestBuilder| {
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
        };
        self.client
            .with_token(API_KEY)
            .send(http::Method::POST, path, complete)
            .await
            .expect(200)
            .json()
    }
}
