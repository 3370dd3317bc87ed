//! A shop of the test's own: catalogue, inventory and orders, each with its database, and a broker between them.

use chassis::{Process, Secret};
use contracts::{
    Currency, Event, Money, OrderId, PaymentId, RefundId,
    payments::{
        PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentRefunded, PaymentStarted,
    },
};
use http::Method;
use orders::{BrokerConfig, DatabaseConfig, MIGRATOR, NeighbourConfig, SagaConfig, ServeConfig};
use serde_json::{Value, json};
use testkit::{Answer, Client, Issuer, Nats, TestDatabase, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "127.0.0.1:1";
/// What services show each other here.
const INTERNAL_TOKEN: &str = "between-services";

pub(crate) struct TestApp {
    pub(crate) database: TestDatabase,
    pub(crate) nats: Nats,
    pub(crate) process: Process,
    pub(crate) issuer: Issuer,
    pub(crate) config: ServeConfig,
    /// As nobody.
    pub(crate) anonymous: Client,
    pub(crate) customer_id: Uuid,
    pub(crate) customer: Client,
    pub(crate) other_customer: Client,
    pub(crate) vendor_id: Uuid,
    pub(crate) vendor: Client,
    pub(crate) other_vendor_id: Uuid,
    pub(crate) other_vendor: Client,
    pub(crate) admin: Client,
    /// The catalogue, as `vendor`.
    pub(crate) catalog: Client,
    /// The inventory, as `vendor`.
    pub(crate) inventory: Client,
    pub(crate) stock_database: TestDatabase,
    pub(crate) catalog_process: Process,
    pub(crate) inventory_process: Process,
    pub(crate) tasks: JoinSet<()>,
}

/// What a test wants to be different.
pub(crate) struct Setup {
    /// Whether inventory hears what orders ask of it; otherwise the test answers in its place.
    pub(crate) inventory_listens: bool,
    pub(crate) identity_url: String,
    /// Whose tokens orders takes; the test's own issuer unless said.
    pub(crate) jwks: Option<String>,
    pub(crate) offers_remembered_ms: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            inventory_listens: true,
            identity_url: format!("http://{NOWHERE}"),
            jwks: None,
            offers_remembered_ms: 60_000,
        }
    }
}

/// A product with stock.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) variant: String,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Whose inventory holds goods and hears no events.
    pub(crate) async fn with_deaf_inventory() -> Self {
        Self::with(Setup {
            inventory_listens: false,
            ..Setup::default()
        })
        .await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let nats = Nats::start();
        let issuer = Issuer::default();
        let mut tasks = JoinSet::new();
        let (catalog_process, inventory_process) =
            (Process::new("catalog"), Process::new("inventory"));
        let catalog_url = catalog(&catalog_process, &issuer, &nats, &mut tasks).await;
        let stock_database = TestDatabase::new(&inventory::MIGRATOR).await;
        let stock_broker = if setup.inventory_listens {
            nats.url()
        } else {
            format!("nats://{NOWHERE}")
        };
        let inventory_url = inventory(
            &inventory_process,
            &stock_database,
            &issuer,
            &stock_broker,
            &catalog_url,
            &mut tasks,
        )
        .await;
        let database = TestDatabase::new(&MIGRATOR).await;
        let neighbours = NeighbourConfig {
            internal_token_file: Secret::new(INTERNAL_TOKEN),
            catalog_url: catalog_url.clone(),
            inventory_url: inventory_url.clone(),
            identity_url: setup.identity_url,
            offers_remembered_ms: setup.offers_remembered_ms,
        };
        let mut config = config(&database, &issuer, &nats, neighbours);
        if let Some(jwks) = setup.jwks {
            config.jwks = jwks.parse().unwrap();
        }
        let process = Process::new("orders");
        let anonymous = serve(&config, &process, &mut tasks).await;
        let (customer_id, vendor_id, other_vendor_id) =
            (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
        let client = |user, role| anonymous.with_token(&issuer.token(user, role));
        let vendor_token = issuer.token(vendor_id, "vendor");
        Self {
            customer: client(customer_id, "customer"),
            other_customer: client(Uuid::new_v4(), "customer"),
            vendor: client(vendor_id, "vendor"),
            other_vendor: client(other_vendor_id, "vendor"),
            admin: client(Uuid::new_v4(), "admin"),
            catalog: Client::new(&catalog_url).with_token(&vendor_token),
            inventory: Client::new(&inventory_url).with_token(&vendor_token),
            database,
            nats,
            process,
            issuer,
            config,
            anonymous,
            customer_id,
            vendor_id,
            other_vendor_id,
            stock_database,
            catalog_process,
            inventory_process,
            tasks,
        }
    }

    /// A second replica on the same database, as nobody.
    pub(crate) async fn replica(&mut self) -> Client {
        serve(&self.config, &Process::new("orders"), &mut self.tasks).await
    }

    /// As `customer`, at another replica.
    pub(crate) fn customer_at(&self, replica: &Client) -> Client {
        replica.with_token(&self.issuer.token(self.customer_id, "customer"))
    }

    /// A product of `vendor`'s at 12.50 with so many units.
    pub(crate) async fn product(&self, units: i64) -> Product {
        self.product_at("12.50", units).await
    }

    pub(crate) async fn product_at(&self, price: &str, units: i64) -> Product {
        self.stocked(&self.catalog, &self.inventory, price, units)
            .await
    }

    /// The same, of another vendor.
    pub(crate) async fn product_of(&self, vendor: Uuid, price: &str, units: i64) -> Product {
        let token = self.issuer.token(vendor, "vendor");
        let (catalog, inventory) = (
            self.catalog.with_token(&token),
            self.inventory.with_token(&token),
        );
        self.stocked(&catalog, &inventory, price, units).await
    }

    async fn stocked(
        &self,
        catalog: &Client,
        inventory: &Client,
        price: &str,
        units: i64,
    ) -> Product {
        let body = json!({ "name": "Desk lamp", "description": "A lamp", "price": price, "category": "electronics" });
        let product = catalog
            .post("/api/products", &body)
            .await
            .expect(201)
            .json();
        let id = product["id"].as_str().unwrap().to_owned();
        let stock =
            json!({ "productId": id, "quantity": units, "warehouseLocation": "Warehouse A" });
        inventory.post("/api/inventory", &stock).await.expect(201);
        let variant = product["variants"][0]["id"].as_str().unwrap().to_owned();
        Product { id, variant }
    }

    /// Places an order of `customer`'s for this many.
    pub(crate) async fn order(&self, product: &Product, quantity: i64) -> Value {
        self.customer
            .post("/api/orders", &wish(product, quantity))
            .await
            .expect(201)
            .json()
    }

    /// The same with a key.
    pub(crate) async fn order_with_key(&self, client: &Client, key: &str, body: &Value) -> Answer {
        client
            .send(Method::POST, "/api/orders", |request| {
                request.header("idempotency-key", key).json(body)
            })
            .await
    }

    /// An order that is paid, with its goods handed over.
    pub(crate) async fn paid_order(&self, product: &Product, quantity: i64) -> Value {
        let order = self.order(product, quantity).await;
        self.started(&order).await;
        self.captured(&order).await;
        self.wait_for(&order, |order| {
            order["state"] == "PAID" && order["stock"] == "COMMITTED"
        })
        .await
    }

    /// The order as an admin sees it.
    pub(crate) async fn get(&self, order: &Value) -> Value {
        self.admin.get(&path(order)).await.expect(200).json()
    }

    pub(crate) async fn wait_for(&self, order: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually("the order is as expected", || async {
            let now = self.get(order).await;
            is_so(&now).then_some(now)
        })
        .await
    }

    pub(crate) async fn wait_for_state(&self, order: &Value, state: &str) -> Value {
        self.wait_for(order, |order| order["state"] == state).await
    }

    /// Says something as another service would.
    pub(crate) async fn tell<E: Event>(&self, stream: &str, event: &E) -> Uuid {
        let id = Uuid::now_v7();
        self.nats.tell(stream, id, event).await;
        id
    }

    pub(crate) async fn started(&self, order: &Value) {
        let (payment_id, order_id) = (payment(order), id(order));
        let event = PaymentStarted {
            payment_id,
            version: 1,
            order_id,
        };
        self.tell("PAYMENTS", &event).await;
    }

    pub(crate) async fn captured(&self, order: &Value) {
        self.tell("PAYMENTS", &capture(order)).await;
    }

    pub(crate) async fn declined(&self, order: &Value) {
        let event = PaymentDeclined {
            payment_id: payment(order),
            version: 2,
            order_id: id(order),
            code: "insufficient_funds".to_owned(),
            attempts: 3,
        };
        self.tell("PAYMENTS", &event).await;
    }

    pub(crate) async fn payment_cancelled(&self, order: &Value) {
        let event = PaymentCancelled {
            payment_id: payment(order),
            version: 2,
            order_id: id(order),
        };
        self.tell("PAYMENTS", &event).await;
    }

    pub(crate) async fn refunded(&self, order: &Value, refund: &Value, total_minor: i64) {
        let event = PaymentRefunded {
            payment_id: payment(order),
            version: 3,
            order_id: id(order),
            refund_id: RefundId(refund["id"].as_str().unwrap().parse().unwrap()),
            amount: money(&refund["amount"]),
            refunded_total: Money::from_minor(total_minor, Currency::Eur),
        };
        self.tell("PAYMENTS", &event).await;
    }

    /// Waits until the order's only refund is asked for.
    pub(crate) async fn refund_of(&self, order: &Value) -> Value {
        let now = self
            .wait_for(order, |order| order["refunds"][0].is_object())
            .await;
        now["refunds"][0].clone()
    }

    /// Everything that the database says of orders, to compare before and after. Not what waits for the broker.
    pub(crate) async fn stored(&self) -> Value {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar(
            "select json_build_object(
               'orders', (select json_agg(o order by o.id) from orders o),
               'lines', (select json_agg(l order by l.order_id, l.position) from order_line l),
               'history', (select json_agg(h order by h.order_id, h.version) from order_history h),
               'refunds', (select json_agg(r order by r.id) from refund r),
               'events', (select json_agg(json_build_array(e.event_id, e.subject, e.aggregate_id, e.aggregate_version)
                 order by e.id) from outbox e)
             )",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap()
    }

    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        let mut connection = self.database.connect().await;
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// How many messages this consumer has taken in, whatever came of them.
    pub(crate) async fn heard(&self, consumer: &str, outcome: &str) -> u64 {
        let series =
            format!("consumer_messages_total{{consumer=\"{consumer}\",outcome=\"{outcome}\"}} ");
        self.metric(&series).await
    }

    pub(crate) async fn metric(&self, series: &str) -> u64 {
        let scrape = self.anonymous.get("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&scrape.body).into_owned();
        let value = text.lines().find_map(|line| line.strip_prefix(series));
        value.map_or(0, |value| value.parse().unwrap())
    }

    pub(crate) async fn wait_until_heard(&self, consumer: &str, outcome: &str, times: u64) {
        eventually("the consumer has heard it", || async {
            (self.heard(consumer, outcome).await >= times).then_some(())
        })
        .await;
    }

    /// Units that can still be sold.
    pub(crate) async fn available(&self, product: &Product) -> i64 {
        let mut connection = self.stock_database.connect().await;
        sqlx::query_scalar(
            "select coalesce(sum(on_hand - reserved), 0)::bigint from stock where variant_id = $1",
        )
        .bind(product.variant.parse::<Uuid>().unwrap())
        .fetch_one(&mut connection)
        .await
        .unwrap()
    }

    /// The payloads of the order's events with this name, oldest first.
    pub(crate) async fn events(&self, order: &Value, name: &str) -> Vec<Value> {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar(
            "select payload from outbox where aggregate_id = $1 and subject = $2 order by id",
        )
        .bind(id(order).0)
        .bind(format!("shop.orders.{name}.v1"))
        .fetch_all(&mut connection)
        .await
        .unwrap()
    }
}

pub(crate) fn path(order: &Value) -> String {
    format!("/api/orders/{}", order["id"].as_str().unwrap())
}

pub(crate) fn id(order: &Value) -> OrderId {
    order["id"].as_str().unwrap().parse().unwrap()
}

/// The payment of an order; one for each.
pub(crate) fn payment(order: &Value) -> PaymentId {
    PaymentId(Uuid::new_v5(&id(order).0, b"payment"))
}

pub(crate) fn money(value: &Value) -> Money {
    serde_json::from_value(value.clone()).unwrap()
}

pub(crate) fn capture(order: &Value) -> PaymentCaptured {
    PaymentCaptured {
        payment_id: payment(order),
        version: 2,
        order_id: id(order),
        amount: money(&order["total"]),
        provider: "stripe".to_owned(),
        provider_reference: format!("pi_{}", id(order)),
    }
}

/// What a client sends to order so many of a product.
pub(crate) fn wish(product: &Product, quantity: i64) -> Value {
    json!({
        "items": [{ "productId": product.id, "quantity": quantity }],
        "shippingAddress": {
            "street": "123 Main St", "city": "London", "state": "UK", "zipCode": "SW1A", "country": "UK"
        }
    })
}

fn config(
    database: &TestDatabase,
    issuer: &Issuer,
    nats: &Nats,
    neighbours: NeighbourConfig,
) -> ServeConfig {
    ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        database: DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: BrokerConfig {
            nats_url: nats.url(),
        },
        neighbours,
        saga: SagaConfig {
            default_payment_method: "pm_card".to_owned(),
            payment_limit_s: 600,
            repeat_after_s: 60,
            stuck_after_s: 600,
        },
        jwks: format!("file:{}", issuer.file().display()).parse().unwrap(),
        token_issuer: "argosy".to_owned(),
        token_audience: "argosy".to_owned(),
    }
}

async fn serve(config: &ServeConfig, process: &Process, tasks: &mut JoinSet<()>) -> Client {
    let app = orders::app(config, process).await.unwrap();
    let url = format!("http://{}", app.address().unwrap());
    tasks.spawn(async move { app.serve().await.unwrap() });
    Client::new(&url)
}

async fn catalog(
    process: &Process,
    issuer: &Issuer,
    nats: &Nats,
    tasks: &mut JoinSet<()>,
) -> String {
    let database = TestDatabase::new(&catalog::MIGRATOR).await;
    let mut connection = database.connect().await;
    sqlx::query(
        "insert into categories (id, slug, name, position) values (gen_random_uuid(), 'electronics', 'Electronics', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let config = catalog::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        database: catalog::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: catalog::BrokerConfig {
            nats_url: nats.url(),
        },
        pictures: catalog::PictureStoreConfig {
            s3_endpoint: format!("http://{NOWHERE}"),
            s3_region: "us-east-1".to_owned(),
            s3_access_key: "argosy".to_owned(),
            s3_secret_key_file: Secret::new("unused"),
            s3_bucket: "product-images".to_owned(),
        },
        jwks: format!("file:{}", issuer.file().display()).parse().unwrap(),
        token_issuer: "argosy".to_owned(),
        token_audience: "argosy".to_owned(),
        internal_token_file: Secret::new(INTERNAL_TOKEN),
        public_image_prefix: "/images/".to_owned(),
    };
    let app = catalog::app(&config, process).await.unwrap();
    let url = format!("http://{}", app.address().unwrap());
    tasks.spawn(async move { app.serve().await.unwrap() });
    url
}

async fn inventory(
    process: &Process,
    database: &TestDatabase,
    issuer: &Issuer,
    nats_url: &str,
    catalog_url: &str,
    tasks: &mut JoinSet<()>,
) -> String {
    let config = inventory::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        database: inventory::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: inventory::BrokerConfig {
            nats_url: nats_url.to_owned(),
        },
        catalog: inventory::CatalogConfig {
            catalog_url: catalog_url.to_owned(),
            internal_token_file: Secret::new(INTERNAL_TOKEN),
        },
        jwks: format!("file:{}", issuer.file().display()).parse().unwrap(),
        token_issuer: "argosy".to_owned(),
        token_audience: "argosy".to_owned(),
    };
    let app = inventory::app(&config, process).await.unwrap();
    let url = format!("http://{}", app.address().unwrap());
    tasks.spawn(async move { app.serve().await.unwrap() });
    url
}
