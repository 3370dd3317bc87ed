//! The services beside the cart: a real catalogue with a vendor's products, and an inventory.

use std::{collections::HashMap, net::SocketAddr, sync::Mutex};

use chassis::{Process, Secret};
use serde_json::{Value, json};
use testkit::{Client, Issuer, TestDatabase};
use tokio::task::JoinSet;
use uuid::Uuid;

/// What services show each other.
pub(crate) const INTERNAL_TOKEN: &str = "shown by services of the platform";
/// Nobody listens there.
pub(crate) const NOWHERE: &str = "127.0.0.1:1";

/// A real catalogue with two categories.
pub(crate) struct Catalogue {
    address: SocketAddr,
    process: Process,
    running: JoinSet<()>,
    vendor: Client,
}

/// A product, as the cart needs it.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) slug: String,
    /// In the order of its page.
    pub(crate) variants: Vec<String>,
}

impl Catalogue {
    pub(crate) async fn start(issuer: &Issuer) -> Self {
        let database = TestDatabase::new(&catalog::MIGRATOR).await;
        let mut connection = database.connect().await;
        sqlx::query(
            "insert into categories (id, slug, name, position, attributes) values
               (gen_random_uuid(), 'kitchen', 'Kitchen', 0, '[]')",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        let unused = Secret::new("unused");
        let config = catalog::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: chassis::RateLimitConfig::default(),
            database: catalog::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: catalog::BrokerConfig {
                nats_url: format!("nats://{NOWHERE}"),
            },
            pictures: catalog::PictureStoreConfig {
                s3_endpoint: format!("http://{NOWHERE}"),
                s3_region: "us-east-1".to_owned(),
                s3_access_key: "argosy".to_owned(),
                s3_secret_key_file: unused,
                s3_bucket: "product-images".to_owned(),
            },
            jwks: format!("file:{}", issuer.file().display()).parse().unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
            internal_token_file: Secret::new(INTERNAL_TOKEN),
            public_image_prefix: "/images/".to_owned(),
        };
        let process = Process::new("catalog");
        let app = catalog::app(&config, &process).await.unwrap();
        let address = app.address().unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move { app.serve().await.unwrap() });
        let vendor = issuer.token(Uuid::new_v4(), "vendor");
        Self {
            address,
            process,
            running,
            vendor: Client::new(&format!("http://{address}")).with_token(&vendor),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Something that costs so much, in one form.
    pub(crate) async fn product(&self, name: &str, price: &str) -> Product {
        self.make(json!({ "name": name, "price": price })).await
    }

    /// The same in another currency.
    pub(crate) async fn product_in(&self, name: &str, price: &str, currency: &str) -> Product {
        self.make(json!({ "name": name, "price": price, "currency": currency }))
            .await
    }

    /// Something in several forms.
    pub(crate) async fn product_with(&self, name: &str, price: &str, variants: &[&str]) -> Product {
        let sku = |form: &str| format!("{name}-{form}").to_uppercase();
        let variants: Vec<Value> = variants
            .iter()
            .map(|form| json!({ "sku": sku(form), "name": form }))
            .collect();
        self.make(json!({ "name": name, "price": price, "variants": variants }))
            .await
    }

    async fn make(&self, mut body: Value) -> Product {
        body["description"] = "For tests.".into();
        body["category"] = "kitchen".into();
        let product = self.vendor.post("/api/products", &body).await.expect(201);
        let product = product.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Product {
            id: text(&product["id"]),
            slug: text(&product["slug"]),
            variants: product["variants"]
                .as_array()
                .unwrap()
                .iter()
                .map(|variant| text(&variant["id"]))
                .collect(),
        }
    }

    /// From now on it costs so much.
    pub(crate) async fn reprice(&self, product: &Product, price: &str) {
        let path = format!("/api/products/{}", product.id);
        let version = self.vendor.get(&path).await.expect(200).json()["version"].clone();
        let body = json!({ "version": version, "price": price });
        self.vendor.patch(&path, &body).await.expect(200);
    }

    /// From now on it is not sold.
    pub(crate) async fn archive(&self, product: &Product) {
        let path = format!("/api/products/{}", product.id);
        self.vendor.delete(&path).await.expect(204);
    }

    /// From now on nobody answers at its address.
    pub(crate) async fn go_away(&mut self) {
        self.process.shutdown.cancel();
        while self.running.join_next().await.is_some() {}
    }
}

/// A real inventory.
pub(crate) struct Stock {
    pub(crate) url: String,
    process: Process,
    running: JoinSet<()>,
    admin: Client,
    /// By variant: the stock's id, and what lies there.
    shelves: Mutex<HashMap<String, (String, i64)>>,
}

impl Stock {
    pub(crate) async fn start(issuer: &Issuer, catalogue: &Catalogue) -> Self {
        let database = TestDatabase::new(&inventory::MIGRATOR).await;
        let config = inventory::ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: chassis::RateLimitConfig::default(),
            database: inventory::DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: inventory::BrokerConfig {
                nats_url: format!("nats://{NOWHERE}"),
            },
            catalog: inventory::CatalogConfig {
                catalog_url: catalogue.url(),
                internal_token_file: Secret::new(INTERNAL_TOKEN),
            },
            jwks: format!("file:{}", issuer.file().display()).parse().unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
        };
        let process = Process::new("inventory");
        let app = inventory::app(&config, &process).await.unwrap();
        let url = format!("http://{}", app.address().unwrap());
        let mut running = JoinSet::new();
        running.spawn(async move { app.serve().await.unwrap() });
        let admin = issuer.token(Uuid::new_v4(), "admin");
        Self {
            admin: Client::new(&url).with_token(&admin),
            url,
            process,
            running,
            shelves: Mutex::default(),
        }
    }

    /// From now on so many are left of the first form of this product.
    pub(crate) async fn set(&self, product: &Product, available: i64) {
        let variant = product.variants[0].clone();
        let known = self.shelves.lock().unwrap().get(&variant).cloned();
        let (path, body) = match known {
            None => {
                let body = json!({ "productId": product.id, "variantId": variant, "quantity": available, "warehouseLocation": "A" });
                ("/api/inventory".to_owned(), body)
            }
            Some((id, lies)) => {
                let body = json!({ "delta": available - lies, "reason": "A test wants it so." });
                (format!("/api/inventory/{id}/adjustments"), body)
            }
        };
        let stock = self.admin.post(&path, &body).await.expect(201).json();
        let id = stock["id"].as_str().unwrap().to_owned();
        self.shelves
            .lock()
            .unwrap()
            .insert(variant, (id, available));
    }

    /// From now on nobody answers at its address.
    pub(crate) async fn go_away(&mut self) {
        self.process.shutdown.cancel();
        while self.running.join_next().await.is_some() {}
    }
}
