//! A cart service of the test's own, with a catalogue and stock beside it.

use cart::{BrokerConfig, DatabaseConfig, MIGRATOR, PeerConfig, ServeConfig};
use chassis::{Process, Secret};
use serde_json::{Value, json};
use testkit::{Answer, Client, Issuer, TestDatabase};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    browser::Browser,
    shop::{Catalogue, INTERNAL_TOKEN, NOWHERE, Product, Stock},
};

pub(crate) struct TestApp {
    pub(crate) catalogue: Catalogue,
    pub(crate) stock: Stock,
    pub(crate) database: TestDatabase,
    pub(crate) issuer: Issuer,
    /// Where it is; also the origin of its own pages.
    pub(crate) url: String,
    /// As nobody.
    pub(crate) anonymous: Client,
    nats_url: String,
    process: Process,
    running: JoinSet<()>,
}

/// Somebody with an account and an API client.
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
    pub(crate) client: Client,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with_broker(format!("nats://{NOWHERE}")).await
    }

    pub(crate) async fn with_broker(nats_url: String) -> Self {
        let issuer = Issuer::default();
        let catalogue = Catalogue::start(&issuer).await;
        let stock = Stock::start(&issuer, &catalogue).await;
        let database = TestDatabase::new(&MIGRATOR).await;
        let mut app = Self {
            catalogue,
            stock,
            database,
            issuer,
            url: String::new(),
            anonymous: Client::new(""),
            nats_url,
            process: Process::new("cart"),
            running: JoinSet::new(),
        };
        app.serve().await;
        app
    }

    async fn serve(&mut self) {
        let app = cart::app(&self.config(), &self.process).await.unwrap();
        self.url = format!("http://{}", app.address().unwrap());
        self.anonymous = Client::new(&self.url);
        self.running
            .spawn(async move { app.serve().await.unwrap() });
    }

    fn config(&self) -> ServeConfig {
        ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: chassis::RateLimitConfig::default(),
            database: DatabaseConfig {
                database_url: self.database.url(),
                database_password_file: None,
            },
            broker: BrokerConfig {
                nats_url: self.nats_url.clone(),
            },
            peers: PeerConfig {
                catalog_url: self.catalogue.url(),
                inventory_url: self.stock.url.clone(),
                internal_token_file: Secret::new(INTERNAL_TOKEN),
            },
            jwks: format!("file:{}", self.issuer.file().display())
                .parse()
                .unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
        }
    }

    /// Ends it, and starts another one on the same database at another address.
    pub(crate) async fn restart(&mut self) {
        self.process.shutdown.cancel();
        while self.running.join_next().await.is_some() {}
        self.process = Process::new("cart");
        self.serve().await;
    }

    /// A browser that has never been here.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    pub(crate) fn person(&self, role: &str) -> Person {
        let id = Uuid::new_v4();
        let token = self.issuer.token(id, role);
        let client = self.anonymous.with_token(&token);
        Person { id, token, client }
    }

    /// Everything that is stored, to compare before and after.
    pub(crate) async fn stored(&self) -> Value {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar(
            "select json_build_object(
               'carts', (select json_agg(c order by c.id) from carts c),
               'lines', (select json_agg(l order by l.cart_id, l.variant_id) from cart_lines l)
             )",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap()
    }

    pub(crate) async fn execute(&self, statement: &'static str) -> u64 {
        let mut connection = self.database.connect().await;
        let done = sqlx::query(statement).execute(&mut connection).await;
        done.unwrap().rows_affected()
    }

    /// How often something happened to a cart, as the metrics say.
    pub(crate) async fn counted(&self, event: &str) -> String {
        let scrape = self.anonymous.get("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&scrape.body).into_owned();
        let series = format!("shop_carts_total{{event=\"{event}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap().to_owned()
    }

    /// Waits until the worker that runs at the start has found nothing; it looks again ten minutes later.
    pub(crate) async fn until_forgotten(&self) {
        let series = "worker_steps_total{outcome=\"idle\",worker=\"forget_expired\"} 1";
        testkit::eventually("the worker is idle", || async {
            let scrape = self.anonymous.get("/metrics").await.expect(200);
            String::from_utf8_lossy(&scrape.body)
                .contains(series)
                .then_some(())
        })
        .await;
    }

    /// What a worker does is counted just after its commit.
    pub(crate) async fn until_counted(&self, event: &str, times: &str) {
        testkit::eventually(event, || async {
            (self.counted(event).await == times).then_some(())
        })
        .await;
    }
}

impl Person {
    pub(crate) async fn add(&self, product: &Product, quantity: i64) -> Answer {
        self.client
            .post("/api/cart/items", &adding(product, quantity))
            .await
    }

    pub(crate) async fn cart(&self) -> Value {
        self.client.get("/api/cart").await.expect(200).json()
    }
}

/// The body that puts so many of a product's first form in.
pub(crate) fn adding(product: &Product, quantity: i64) -> Value {
    json!({ "productId": product.id, "variantId": product.variants[0], "quantity": quantity })
}

/// Name and quantity of each line.
pub(crate) fn contents(cart: &Value) -> Vec<(String, i64)> {
    let lines = cart["lines"].as_array().unwrap().iter();
    lines
        .map(|line| {
            let name = line["name"].as_str().unwrap().to_owned();
            (name, line["quantity"].as_i64().unwrap())
        })
        .collect()
}

/// The same, to compare with.
pub(crate) fn things(things: &[(&str, i64)]) -> Vec<(String, i64)> {
    let things = things.iter();
    things
        .map(|(name, quantity)| ((*name).to_owned(), *quantity))
        .collect()
}

/// What should be noticed about the only line of a cart.
pub(crate) fn notices(cart: &Value) -> Vec<&str> {
    let notices = cart["lines"][0]["notices"].as_array().unwrap().iter();
    notices
        .map(|notice| notice["kind"].as_str().unwrap())
        .collect()
}
