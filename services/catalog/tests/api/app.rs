//! A catalogue of the test's own, with three users, and products in it.

use catalog::{BrokerConfig, DatabaseConfig, MIGRATOR, PictureStoreConfig, ServeConfig};
use chassis::{Process, Secret};
use serde_json::{Value, json};
use testkit::{Answer, Client, Issuer, ObjectStore, TestDatabase};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

/// What services show each other.
pub(crate) const INTERNAL_TOKEN: &str = "shown by services of the platform";

pub(crate) struct TestApp {
    pub(crate) database: TestDatabase,
    pub(crate) issuer: Issuer,
    pub(crate) process: Process,
    /// As nobody.
    pub(crate) anonymous: Client,
    pub(crate) vendor_id: Uuid,
    pub(crate) vendor: Client,
    pub(crate) other_vendor: Client,
    pub(crate) customer: Client,
    pub(crate) admin: Client,
    _tasks: JoinSet<()>,
}

/// What a test wants to be different.
pub(crate) struct Setup {
    pub(crate) nats_url: String,
    pub(crate) jwks: Option<String>,
    pub(crate) store: Option<(String, Secret)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            nats_url: format!("nats://{NOWHERE}"),
            jwks: None,
            store: None,
        }
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(Issuer::default(), Setup::default()).await
    }

    pub(crate) async fn with_store(store: &ObjectStore) -> Self {
        let secret = Secret::read(&store.secret_key_file()).unwrap();
        Self::with(
            Issuer::default(),
            Setup {
                store: Some((store.endpoint(), secret)),
                ..Setup::default()
            },
        )
        .await
    }

    pub(crate) async fn with(issuer: Issuer, setup: Setup) -> Self {
        let database = TestDatabase::new(&MIGRATOR).await;
        categories(&database).await;
        Self::on(database, issuer, setup).await
    }

    /// On a database that is there already.
    pub(crate) async fn on(database: TestDatabase, issuer: Issuer, setup: Setup) -> Self {
        let jwks = setup
            .jwks
            .unwrap_or_else(|| format!("file:{}", issuer.file().display()));
        let (s3_endpoint, secret) = setup
            .store
            .unwrap_or_else(|| (format!("http://{NOWHERE}"), Secret::new("unused")));
        let config = ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: chassis::RateLimitConfig::default(),
            database: database_config(&database),
            broker: BrokerConfig {
                nats_url: setup.nats_url,
            },
            pictures: picture_config(s3_endpoint, secret),
            jwks: jwks.parse().unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
            internal_token_file: Secret::new(INTERNAL_TOKEN),
            public_image_prefix: "/images/".to_owned(),
        };
        let process = Process::new("catalog");
        let app = catalog::app(&config, &process).await.unwrap();
        let anonymous = Client::new(&format!("http://{}", app.address().unwrap()));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { app.serve().await.unwrap() });
        let vendor_id = Uuid::new_v4();
        let client = |user, role| anonymous.with_token(&issuer.token(user, role));
        Self {
            vendor: client(vendor_id, "vendor"),
            other_vendor: client(Uuid::new_v4(), "vendor"),
            customer: client(Uuid::new_v4(), "customer"),
            admin: client(Uuid::new_v4(), "admin"),
            database,
            issuer,
            process,
            anonymous,
            vendor_id,
            _tasks: tasks,
        }
    }

    /// A product of `vendor`'s; `fields` add to the least that one needs.
    pub(crate) async fn product(&self, name: &str, fields: Value) -> Value {
        let mut body = laptop();
        body["name"] = name.into();
        for (field, value) in fields.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.vendor
            .post("/api/products", &body)
            .await
            .expect(201)
            .json()
    }

    /// A page of the public list.
    pub(crate) async fn list(&self, query: &[(&str, &str)]) -> Answer {
        self.anonymous.get_with("/api/products", query).await
    }

    /// Everything that the database holds about products, to compare before and after.
    pub(crate) async fn stored(&self) -> Value {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar(
            "select json_build_object(
               'products', (select json_agg(p order by p.id) from products p),
               'variants', (select json_agg(v order by v.id) from variants v),
               'images', (select json_agg(i order by i.product_id, i.position) from product_images i),
               'events', (select count(*) from outbox)
             )",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap()
    }
}

pub(crate) fn database_config(database: &TestDatabase) -> DatabaseConfig {
    DatabaseConfig {
        database_url: database.url(),
        database_password_file: None,
    }
}

pub(crate) fn picture_config(s3_endpoint: String, secret: Secret) -> PictureStoreConfig {
    PictureStoreConfig {
        s3_endpoint,
        s3_region: "us-east-1".to_owned(),
        s3_access_key: "argosy".to_owned(),
        s3_secret_key_file: secret,
        s3_bucket: "product-images".to_owned(),
    }
}

/// The call that the requirements want to work as written.
pub(crate) fn laptop() -> Value {
    json!({ "name": "Laptop", "description": "Gaming laptop", "price": 1299.99, "category": "electronics" })
}

/// Categories come with the demo; a test needs two.
async fn categories(database: &TestDatabase) {
    let mut connection = database.connect().await;
    sqlx::query(
        r#"insert into categories (id, slug, name, position, attributes) values
           (gen_random_uuid(), 'electronics', 'Electronics', 0,
            '[{"key": "colour", "label": "Colour", "facet": true}, {"key": "memory", "label": "Memory", "facet": false}]'),
           (gen_random_uuid(), 'garden', 'Garden', 1, '[{"key": "material", "label": "Material", "facet": true}]')"#,
    )
    .execute(&mut connection)
    .await
    .unwrap();
}
