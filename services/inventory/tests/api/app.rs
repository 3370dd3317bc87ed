//! An inventory of the test's own, with vendors, products and stock.

use chassis::{Process, Secret};
use contracts::{OrderId, ProductId, VariantId};
use inventory::{App, BrokerConfig, CatalogConfig, DatabaseConfig, MIGRATOR, ServeConfig};
use serde_json::{Value, json};
use testkit::{Answer, Client, Issuer, TestDatabase};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "127.0.0.1:1";
/// What services show each other here.
pub(crate) const INTERNAL_TOKEN: &str = "between-services";

pub(crate) struct TestApp {
    pub(crate) database: TestDatabase,
    pub(crate) issuer: Issuer,
    /// As nobody.
    pub(crate) anonymous: Client,
    /// As another service.
    pub(crate) internal: Client,
    pub(crate) vendor_id: Uuid,
    pub(crate) vendor: Client,
    pub(crate) other_vendor: Client,
    pub(crate) customer: Client,
    pub(crate) admin: Client,
    nats_url: String,
    tasks: JoinSet<()>,
}

/// A product with one variant, as the catalogue would tell of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub(crate) id: ProductId,
    pub(crate) variant: VariantId,
}

impl Product {
    /// A line of an order.
    pub(crate) fn line(self, quantity: i64) -> Value {
        json!({ "productId": self.id, "variantId": self.variant, "quantity": quantity })
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(&format!("nats://{NOWHERE}"), &format!("http://{NOWHERE}")).await
    }

    pub(crate) async fn with_broker(nats_url: &str) -> Self {
        Self::with(nats_url, &format!("http://{NOWHERE}")).await
    }

    pub(crate) async fn with(nats_url: &str, catalog_url: &str) -> Self {
        let database = TestDatabase::new(&MIGRATOR).await;
        Self::on(database, Issuer::default(), nats_url, catalog_url).await
    }

    /// On a database that is there already.
    pub(crate) async fn on(
        database: TestDatabase,
        issuer: Issuer,
        nats_url: &str,
        catalog_url: &str,
    ) -> Self {
        let config = config(&database, &issuer, nats_url, catalog_url);
        let mut tasks = JoinSet::new();
        let url = serve(&config, &mut tasks).await;
        let anonymous = Client::new(&url);
        let vendor_id = Uuid::new_v4();
        let client = |user, role| anonymous.with_token(&issuer.token(user, role));
        Self {
            vendor: client(vendor_id, "vendor"),
            other_vendor: client(Uuid::new_v4(), "vendor"),
            customer: client(Uuid::new_v4(), "customer"),
            admin: client(Uuid::new_v4(), "admin"),
            internal: anonymous.with_token(INTERNAL_TOKEN),
            database,
            issuer,
            anonymous,
            vendor_id,
            nats_url: nats_url.to_owned(),
            tasks,
        }
    }

    /// A second replica on the same database, as another service sees it.
    pub(crate) async fn replica(&mut self) -> Client {
        let catalog_url = format!("http://{NOWHERE}");
        let config = config(&self.database, &self.issuer, &self.nats_url, &catalog_url);
        let url = serve(&config, &mut self.tasks).await;
        Client::new(&url).with_token(INTERNAL_TOKEN)
    }

    /// A product of `vendor`'s with so many units in one warehouse.
    pub(crate) async fn product(&self, units: i64) -> Product {
        let product = self.product_without_stock().await;
        if units > 0 {
            self.restock(product, units, "Warehouse A").await;
        }
        product
    }

    /// A product that the catalogue has told of, and nothing else.
    pub(crate) async fn product_without_stock(&self) -> Product {
        let product = Product {
            id: ProductId::generate(),
            variant: VariantId::generate(),
        };
        self.variant(product, 0).await;
        product
    }

    /// What the catalogue's event leaves.
    pub(crate) async fn variant(&self, product: Product, position: i32) {
        let mut connection = self.database.connect().await;
        sqlx::query(
            "insert into product (product_id, version) values ($1, 1) on conflict do nothing",
        )
        .bind(product.id.0)
        .execute(&mut connection)
        .await
        .unwrap();
        sqlx::query(
            "insert into variant (variant_id, product_id, vendor_id, sku, product_name, position, version)
             values ($1, $2, $3, $4, 'A thing', $5, 1)",
        )
        .bind(product.variant.0)
        .bind(product.id.0)
        .bind(self.vendor_id)
        .bind(format!("SKU-{}", product.variant))
        .bind(position)
        .execute(&mut connection)
        .await
        .unwrap();
    }

    /// Adds units; gives the stock.
    pub(crate) async fn restock(&self, product: Product, units: i64, warehouse: &str) -> Value {
        let body = json!({
            "productId": product.id, "variantId": product.variant, "quantity": units,
            "warehouseLocation": warehouse, "lowStockThreshold": 0
        });
        let answer = self.vendor.post("/api/inventory", &body).await;
        answer.expect(201).json()
    }

    /// Asks for a hold.
    pub(crate) async fn hold(&self, order: OrderId, lines: &[Value]) -> Answer {
        hold(&self.internal, order, lines).await
    }

    /// A held order of so many units.
    pub(crate) async fn held(&self, product: Product, quantity: i64) -> OrderId {
        let order = OrderId::generate();
        self.hold(order, &[product.line(quantity)])
            .await
            .expect(201);
        order
    }

    /// What can be had of a product.
    pub(crate) async fn available(&self, product: Product) -> i64 {
        let path = format!("/internal/availability?variantId={}", product.variant);
        let answer = self.internal.get(&path).await.expect(200).json();
        answer["items"][0]["available"].as_i64().unwrap()
    }

    /// One number or text of the database.
    pub(crate) async fn one<T>(&self, statement: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let mut connection = self.database.connect().await;
        let value: Option<T> = sqlx::query_scalar(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        value.unwrap()
    }

    /// The state of an order's hold, if it has one.
    pub(crate) async fn state(&self, order: OrderId) -> Option<String> {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar("select state from hold where order_id = $1")
            .bind(order.0)
            .fetch_optional(&mut connection)
            .await
            .unwrap()
    }

    /// Waits until the hold has come to this state.
    pub(crate) async fn until(&self, order: OrderId, state: &str) {
        let what = format!("the hold of {order} is {state}");
        testkit::eventually(&what, || async {
            (self.state(order).await.as_deref() == Some(state)).then_some(())
        })
        .await;
    }

    pub(crate) async fn run(&self, statement: &'static str) {
        let mut connection = self.database.connect().await;
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// A line of the metrics, by its beginning.
    pub(crate) async fn metric(&self, name: &str) -> i64 {
        let scrape = self.anonymous.get("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&scrape.body).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |value| value.trim().parse().unwrap())
    }
}

/// Asks one replica for a hold.
pub(crate) async fn hold(replica: &Client, order: OrderId, lines: &[Value]) -> Answer {
    let body = json!({ "orderId": order, "lines": lines });
    replica.post("/internal/holds", &body).await
}

pub(crate) fn config(
    database: &TestDatabase,
    issuer: &Issuer,
    nats_url: &str,
    catalog_url: &str,
) -> ServeConfig {
    ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        database: DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: BrokerConfig {
            nats_url: nats_url.to_owned(),
        },
        catalog: CatalogConfig {
            catalog_url: catalog_url.to_owned(),
            internal_token_file: Secret::new(INTERNAL_TOKEN),
        },
        jwks: format!("file:{}", issuer.file().display()).parse().unwrap(),
        token_issuer: "argosy".to_owned(),
        token_audience: "argosy".to_owned(),
    }
}

async fn serve(config: &ServeConfig, tasks: &mut JoinSet<()>) -> String {
    let app: App = inventory::app(config, &Process::new("inventory"))
        .await
        .unwrap();
    let url = format!("http://{}", app.address().unwrap());
    tasks.spawn(async move { app.serve().await.unwrap() });
    url
}
