//! A shop of the test's own, with people in it.

use std::io::Write as _;

use chassis::{Process, RateLimitConfig, Secret};
use contracts::{
    Event, PaymentId,
    payments::{PaymentCaptured, PaymentStarted},
};
use serde_json::{Value, json};
use storefront::{Config, router};
use tempfile::NamedTempFile;
use testkit::{Client, Nats, ObjectStore, TemporaryDirectory, TestDatabase, eventually};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

use crate::browser::Browser;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";
const INTERNAL_TOKEN: &str = "between-services";
const PASSWORD: &str = "Demo123!";

/// Somebody with an account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) token: String,
}

pub(crate) struct Shop {
    pub(crate) vendor: Person,
    pub(crate) other_vendor: Person,
    pub(crate) customer: Person,
    pub(crate) admin: Person,
    pub(crate) catalog_database: TestDatabase,
    catalog: Client,
    inventory: Client,
    orders: Client,
    identity: Client,
    address: String,
    nats: Nats,
    _store: ObjectStore,
    _databases: Vec<TestDatabase>,
    _files: (TemporaryDirectory, NamedTempFile),
    _tasks: JoinSet<()>,
}

/// What the services are put together with.
struct Site {
    nats: Nats,
    store: ObjectStore,
    tasks: JoinSet<()>,
    databases: Vec<TestDatabase>,
    jwks: String,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let mut site = Site {
            nats: Nats::start(),
            store: ObjectStore::start("product-images").await,
            tasks: JoinSet::new(),
            databases: Vec::new(),
            jwks: String::new(),
        };
        let (directory, accounts) = (
            TemporaryDirectory::new(None),
            TestDatabase::new(&identity::MIGRATOR).await,
        );
        let identity_url = site.identity(&accounts, &directory).await;
        site.jwks = format!("{identity_url}/.well-known/jwks.json");
        let catalog_database = TestDatabase::new(&catalog::MIGRATOR).await;
        let catalog_url = site.catalog(&catalog_database).await;
        let inventory_url = site.inventory(&catalog_url).await;
        let orders_url = site
            .orders(&catalog_url, &inventory_url, &identity_url)
            .await;
        let mut health = NamedTempFile::new().unwrap();
        health.write_all(b"timeout_ms: 500\nchecks: []\n").unwrap();
        let urls = [&catalog_url, &inventory_url, &orders_url, &identity_url];
        let address = site.storefront(urls, &health).await;
        let identity = Client::new(&identity_url);
        let vendor = register(&identity, "vendor@example.com", "vendor").await;
        let other_vendor = register(&identity, "other@example.com", "vendor").await;
        let customer = register(&identity, "customer@example.com", "customer").await;
        register(&identity, "admin@example.com", "customer").await;
        let mut connection = accounts.connect().await;
        sqlx::query("update users set role = 'admin' where email = 'admin@example.com'")
            .execute(&mut connection)
            .await
            .unwrap();
        let admin = log_in(&identity, "admin@example.com").await;
        site.databases.push(accounts);
        Self {
            vendor,
            other_vendor,
            customer,
            admin,
            catalog_database,
            catalog: Client::new(&catalog_url),
            inventory: Client::new(&inventory_url),
            orders: Client::new(&orders_url),
            identity,
            address,
            nats: site.nats,
            _store: site.store,
            _databases: site.databases,
            _files: (directory, health),
            _tasks: site.tasks,
        }
    }

    /// Somebody's browser.
    pub(crate) fn browser(&self, person: &Person) -> Browser {
        Browser::new(&self.address, Some(&person.token))
    }

    /// A browser of nobody's.
    pub(crate) fn anonymous(&self) -> Browser {
        Browser::new(&self.address, None)
    }

    /// The catalogue as somebody asks it.
    pub(crate) fn catalog(&self, person: &Person) -> Client {
        self.catalog.with_token(&person.token)
    }

    /// The orders as somebody asks them.
    pub(crate) fn orders(&self, person: &Person) -> Client {
        self.orders.with_token(&person.token)
    }

    /// Whether somebody's session lives.
    pub(crate) async fn knows(&self, person: &Person) -> bool {
        let me = self.identity.with_token(&person.token);
        me.get("/api/users/me").await.status == 200
    }

    /// A product of the vendor's.
    pub(crate) async fn product(&self, name: &str) -> Value {
        let body = json!({ "name": name, "description": "A thing.", "price": "12.50", "category": "electronics" });
        let catalog = self.catalog(&self.vendor);
        catalog
            .post("/api/products", &body)
            .await
            .expect(201)
            .json()
    }

    /// So many units of it.
    pub(crate) async fn stock(&self, product: &Value, units: i64) -> Value {
        let body = json!({ "productId": product["id"], "quantity": units, "warehouseLocation": "Warehouse A" });
        let inventory = self.inventory.with_token(&self.vendor.token);
        inventory
            .post("/api/inventory", &body)
            .await
            .expect(201)
            .json()
    }

    /// An order of the customer's, unpaid.
    pub(crate) async fn order(&self, product: &Value, quantity: i64) -> Value {
        let body = json!({
            "items": [{ "productId": product["id"], "quantity": quantity }],
            "shippingAddress": { "street": "123 Main St", "city": "London", "zipCode": "SW1A", "country": "UK" }
        });
        let orders = self.orders(&self.customer);
        orders.post("/api/orders", &body).await.expect(201).json()
    }

    /// The same, paid and with its goods handed over.
    pub(crate) async fn paid_order(&self, product: &Value, quantity: i64) -> Value {
        let order = self.order(product, quantity).await;
        let order_id = order["id"].as_str().unwrap().parse().unwrap();
        let payment_id = PaymentId(Uuid::new_v4());
        let started = PaymentStarted {
            payment_id,
            version: 1,
            order_id,
        };
        self.tell(&started).await;
        let captured = PaymentCaptured {
            payment_id,
            version: 2,
            order_id,
            amount: serde_json::from_value(order["total"].clone()).unwrap(),
            provider: "stripe".to_owned(),
            provider_reference: "pi_1".to_owned(),
        };
        self.tell(&captured).await;
        eventually("the order is paid and has its goods", || async {
            let now = self.seen(&order).await;
            (now["state"] == "PAID" && now["stock"] == "COMMITTED").then_some(now)
        })
        .await
    }

    /// The order as an admin sees it now.
    pub(crate) async fn seen(&self, order: &Value) -> Value {
        let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
        let orders = self.orders(&self.admin);
        orders.get(&path).await.expect(200).json()
    }

    async fn tell<E: Event>(&self, event: &E) {
        self.nats.tell("PAYMENTS", Uuid::now_v7(), event).await;
    }
}

async fn register(identity: &Client, email: &str, role: &str) -> Person {
    let body = json!({
        "email": email, "password": PASSWORD, "firstName": "Demo", "lastName": "Person", "role": role, "gdprConsent": true
    });
    let answer = identity.post("/api/users/register", &body).await;
    person(&answer.expect(201).json())
}

async fn log_in(identity: &Client, email: &str) -> Person {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = identity.post("/api/users/login", &body).await;
    person(&answer.expect(200).json())
}

fn person(session: &Value) -> Person {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Person {
        id: text(&session["user"]["id"]),
        email: text(&session["user"]["email"]),
        token: text(&session["token"]),
    }
}

/// `argosy` everywhere.
fn name() -> String {
    "argosy".to_owned()
}

impl Site {
    async fn identity(
        &mut self,
        database: &TestDatabase,
        directory: &TemporaryDirectory,
    ) -> String {
        let keys = directory.path().join("keys");
        std::fs::write(&keys, "07".repeat(32)).unwrap();
        let config = identity::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: RateLimitConfig::default(),
            logins: identity::LoginLimitConfig::default(),
            database: identity::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: identity::BrokerConfig {
                nats_url: self.nats.url(),
            },
            tokens: identity::TokenConfig {
                signing_key_file: keys.to_str().unwrap().parse().unwrap(),
                token_issuer: name(),
                token_audience: name(),
                access_lifetime_s: 600,
                session_lifetime_days: 30,
            },
            reset_key_file: Secret::new("07".repeat(32)),
            registrations_per_client: 50,
        };
        let app = identity::app(&config, &Process::new("identity"))
            .await
            .unwrap();
        let url = format!("http://{}", app.address().unwrap());
        self.tasks.spawn(async move { app.serve().await.unwrap() });
        url
    }

    async fn catalog(&mut self, database: &TestDatabase) -> String {
        let mut connection = database.connect().await;
        sqlx::query(
            "insert into categories (id, slug, name, position) values
             (gen_random_uuid(), 'electronics', 'Electronics', 0), (gen_random_uuid(), 'garden', 'Garden', 1)",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        let config = catalog::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: RateLimitConfig::default(),
            database: catalog::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: catalog::BrokerConfig {
                nats_url: self.nats.url(),
            },
            pictures: catalog::PictureStoreConfig {
                s3_endpoint: self.store.endpoint(),
                s3_region: "us-east-1".to_owned(),
                s3_access_key: self.store.access_key().to_owned(),
                s3_secret_key_file: Secret::read(&self.store.secret_key_file()).unwrap(),
                s3_bucket: "product-images".to_owned(),
            },
            jwks: self.jwks.parse().unwrap(),
            token_issuer: name(),
            token_audience: name(),
            internal_token_file: Secret::new(INTERNAL_TOKEN),
            public_image_prefix: "/images/".to_owned(),
        };
        let app = catalog::app(&config, &Process::new("catalog"))
            .await
            .unwrap();
        let url = format!("http://{}", app.address().unwrap());
        self.tasks.spawn(async move { app.serve().await.unwrap() });
        url
    }

    async fn inventory(&mut self, catalog_url: &str) -> String {
        let database = TestDatabase::new(&inventory::MIGRATOR).await;
        let config = inventory::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: RateLimitConfig::default(),
            database: inventory::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: inventory::BrokerConfig {
                nats_url: self.nats.url(),
            },
            catalog: inventory::CatalogConfig {
                catalog_url: catalog_url.to_owned(),
                internal_token_file: Secret::new(INTERNAL_TOKEN),
            },
            jwks: self.jwks.parse().unwrap(),
            token_issuer: name(),
            token_audience: name(),
        };
        let app = inventory::app(&config, &Process::new("inventory"))
            .await
            .unwrap();
        let url = format!("http://{}", app.address().unwrap());
        self.tasks.spawn(async move { app.serve().await.unwrap() });
        self.databases.push(database);
        url
    }

    async fn orders(
        &mut self,
        catalog_url: &str,
        inventory_url: &str,
        identity_url: &str,
    ) -> String {
        let database = TestDatabase::new(&orders::MIGRATOR).await;
        let config = orders::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: RateLimitConfig::default(),
            database: orders::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: orders::BrokerConfig {
                nats_url: self.nats.url(),
            },
            neighbours: orders::NeighbourConfig {
                internal_token_file: Secret::new(INTERNAL_TOKEN),
                catalog_url: catalog_url.to_owned(),
                inventory_url: inventory_url.to_owned(),
                identity_url: identity_url.to_owned(),
                offers_remembered_ms: 0,
            },
            saga: orders::SagaConfig {
                default_payment_method: "pm_card".to_owned(),
                payment_limit_s: 600,
                repeat_after_s: 60,
                stuck_after_s: 600,
            },
            jwks: self.jwks.parse().unwrap(),
            token_issuer: name(),
            token_audience: name(),
        };
        let app = orders::app(&config, &Process::new("orders")).await.unwrap();
        let url = format!("http://{}", app.address().unwrap());
        self.tasks.spawn(async move { app.serve().await.unwrap() });
        self.databases.push(database);
        url
    }

    async fn storefront(&mut self, urls: [&String; 4], health: &NamedTempFile) -> String {
        let url = |text: &str| text.parse().unwrap();
        let [catalog, inventory, orders, identity] = urls;
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: RateLimitConfig::default(),
            catalog_url: url(catalog),
            cart_url: url(NOWHERE),
            orders_url: url(orders),
            identity_url: url(identity),
            inventory_url: url(inventory),
            payments_url: url(NOWHERE),
            notifications_url: url(NOWHERE),
            public_url: url("https://shop.example"),
            health_file: health.path().to_owned(),
        };
        let router = router(&config, &Process::new("storefront")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.tasks
            .spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }
}
