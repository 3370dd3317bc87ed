//! Restocks and adjustments by vendors and admins: whose they are, and each key once.

use catalog::{PictureStoreConfig, ServeConfig as CatalogServeConfig};
use chassis::{Process, Secret};
use contracts::{ProductId, VariantId};
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, Issuer, TestDatabase};
use tokio::task::JoinSet;

use crate::{
    app::{INTERNAL_TOKEN, NOWHERE, Product, TestApp},
    books,
};

/// A real catalogue that no broker connects with the inventory.
pub(crate) struct Catalog {
    pub(crate) url: String,
    _tasks: JoinSet<()>,
}

pub(crate) async fn catalog(issuer: &Issuer) -> Catalog {
    let database = TestDatabase::new(&catalog::MIGRATOR).await;
    let mut connection = database.connect().await;
    sqlx::query("insert into categories (id, slug, name) values (gen_random_uuid(), 'electronics', 'Electronics')")
        .execute(&mut connection)
        .await
        .unwrap();
    let config = CatalogServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        database: catalog::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: catalog::BrokerConfig {
            nats_url: format!("nats://{NOWHERE}"),
        },
        pictures: PictureStoreConfig {
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
    let app = catalog::app(&config, &Process::new("catalog"))
        .await
        .unwrap();
    let url = format!("http://{}", app.address().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { app.serve().await.unwrap() });
    Catalog { url, _tasks: tasks }
}

/// An inventory that can ask a real catalogue, and the vendor's client of the latter.
pub(crate) async fn with_catalog() -> (TestApp, Catalog, Client) {
    let issuer = Issuer::default();
    let catalog = catalog(&issuer).await;
    let database = TestDatabase::new(&inventory::MIGRATOR).await;
    let app = TestApp::on(database, issuer, &format!("nats://{NOWHERE}"), &catalog.url).await;
    let token = app.issuer.token(app.vendor_id, "vendor");
    let vendor = Client::new(&catalog.url).with_token(&token);
    (app, catalog, vendor)
}

pub(crate) fn laptop() -> Value {
    json!({ "name": "Laptop", "description": "Gaming laptop", "price": 1299.99, "category": "electronics" })
}

/// `POST /api/inventory` under a key.
async fn keyed(client: &Client, key: &str, path: &str, body: &Value) -> Answer {
    client
        .send(Method::POST, path, |request| {
            request.header("Idempotency-Key", key).json(body)
        })
        .await
}

fn fifty(product: Product) -> Value {
    json!({ "productId": product.id, "quantity": 50, "warehouseLocation": "Warehouse A" })
}

#[tokio::test]
async fn the_call_from_the_requirements_stocks_a_product_that_no_event_has_told_of() {
    let (app, _catalog, vendor) = with_catalog().await;
    let product = vendor
        .post("/api/products", &laptop())
        .await
        .expect(201)
        .json();
    let body =
        json!({ "productId": product["id"], "quantity": 50, "warehouseLocation": "Warehouse A" });
    let stock = app
        .vendor
        .post("/api/inventory", &body)
        .await
        .expect(201)
        .json();
    assert_eq!(stock["onHand"], 50);
    assert_eq!(stock["available"], 50);
    assert_eq!(stock["variantId"], product["variants"][0]["id"]);
    assert_eq!(stock["productName"], "Laptop");
    assert_eq!(stock["lowStockThreshold"], 5);
    let more = app
        .vendor
        .post("/api/inventory", &body)
        .await
        .expect(201)
        .json();
    assert_eq!((&more["id"], &more["onHand"]), (&stock["id"], &json!(100)));
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_product_that_nobody_knows_and_somebody_elses_are_refused() {
    let (app, _catalog, vendor) = with_catalog().await;
    let product = vendor
        .post("/api/products", &laptop())
        .await
        .expect(201)
        .json();
    let before = books::stored(&app.database).await;
    let unknown =
        json!({ "productId": ProductId::generate(), "quantity": 1, "warehouseLocation": "A" });
    let answer = app.vendor.post("/api/inventory", &unknown).await;
    assert_eq!(answer.expect_problem(404, "not-found"), ["productId"]);
    assert_eq!(books::stored(&app.database).await, before);
    let foreign = json!({ "productId": product["id"], "quantity": 1, "warehouseLocation": "A" });
    app.other_vendor
        .post("/api/inventory", &foreign)
        .await
        .expect_problem(403, "forbidden");
    let mut unknown_variant = foreign.clone();
    unknown_variant["variantId"] = json!(VariantId::generate());
    let answer = app.vendor.post("/api/inventory", &unknown_variant).await;
    assert_eq!(answer.expect_problem(404, "not-found"), ["variantId"]);
    assert_eq!(books::stored(&app.database).await["stock"], Value::Null);
    app.admin.post("/api/inventory", &foreign).await.expect(201);
}

#[tokio::test]
async fn without_the_catalogue_an_unknown_product_is_a_503_and_a_known_one_is_stocked() {
    let app = TestApp::start().await;
    let unknown =
        json!({ "productId": ProductId::generate(), "quantity": 1, "warehouseLocation": "A" });
    let answer = app.vendor.post("/api/inventory", &unknown).await;
    answer.expect_problem(503, "unavailable");
    assert_ne!(answer.header("retry-after"), "");
    app.product(3).await;
}

#[tokio::test]
async fn where_a_product_has_several_variants_one_must_be_named() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let second = Product {
        id: product.id,
        variant: VariantId::generate(),
    };
    app.variant(second, 1).await;
    let answer = app.vendor.post("/api/inventory", &fifty(product)).await;
    assert_eq!(answer.expect_problem(400, "invalid-request"), ["variantId"]);
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains(&second.variant.to_string())
    );
    app.restock(second, 4, "Warehouse A").await;
    assert_eq!(app.available(second).await, 4);
    assert_eq!(app.available(product).await, 0);
}

#[tokio::test]
async fn the_same_key_adds_once_and_gets_the_same_answer() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let body = fifty(product);
    let first = keyed(&app.vendor, "restock-1", "/api/inventory", &body)
        .await
        .expect(201);
    assert_eq!(first.header("idempotent-replayed"), "");
    app.restock(product, 1, "Warehouse A").await;
    let again = keyed(&app.vendor, "\"restock-1\"", "/api/inventory", &body)
        .await
        .expect(201);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(app.available(product).await, 51);
    // Whatever has changed since: the answer stays what it was.
    app.run("update variant set is_archived = true").await;
    let later = keyed(&app.vendor, "restock-1", "/api/inventory", &body)
        .await
        .expect(201);
    assert_eq!(later.body, first.body);
    app.run("update variant set is_archived = false").await;
    // A key is its owner's: an admin's of the same name is another.
    keyed(&app.admin, "restock-1", "/api/inventory", &body)
        .await
        .expect(201);
    assert_eq!(app.available(product).await, 101);
    assert_eq!(
        app.metric("shop_stock_requests_total{operation=\"restock\",outcome=\"replayed\"}")
            .await,
        2
    );
    books::check(&app.database).await;
}

#[tokio::test]
async fn another_body_or_operation_under_a_used_key_is_refused() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let mut body = fifty(product);
    let stock = keyed(&app.vendor, "one", "/api/inventory", &body)
        .await
        .expect(201)
        .json();
    let before = books::stored(&app.database).await;
    body["quantity"] = json!(51);
    let answer = keyed(&app.vendor, "one", "/api/inventory", &body).await;
    assert_eq!(
        answer.expect_problem(422, "idempotency-key-reused"),
        ["Idempotency-Key"]
    );
    let path = format!(
        "/api/inventory/{}/adjustments",
        stock["id"].as_str().unwrap()
    );
    let body = json!({ "delta": 1, "reason": "Found one" });
    keyed(&app.vendor, "one", &path, &body)
        .await
        .expect_problem(422, "idempotency-key-reused");
    assert_eq!(books::stored(&app.database).await, before);
}

#[tokio::test]
async fn fifty_parallel_twins_of_a_restock_add_once() {
    let mut app = TestApp::start().await;
    app.replica().await;
    let product = app.product_without_stock().await;
    let body = fifty(product);
    let twins =
        join_all((0..50).map(|_| keyed(&app.vendor, "twin", "/api/inventory", &body))).await;
    let bodies: Vec<_> = twins
        .into_iter()
        .map(|twin| twin.expect(201).body)
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(app.available(product).await, 50);
    assert_eq!(app.one::<i64>("select count(*) from stock_ledger").await, 1);
}

#[tokio::test]
async fn parallel_restocks_and_adjustments_of_one_shelf_all_count() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let restocks = (0..20).map(|_| async { app.restock(product, 3, "Warehouse A").await });
    let stocks = join_all(restocks).await;
    assert!(stocks.iter().all(|stock| stock["id"] == stocks[0]["id"]));
    let path = format!(
        "/api/inventory/{}/adjustments",
        stocks[0]["id"].as_str().unwrap()
    );
    let one_less = json!({ "delta": -1, "reason": "Broken" });
    let adjustments = join_all((0..20).map(|_| app.vendor.post(&path, &one_less))).await;
    assert!(adjustments.iter().all(|answer| answer.status == 201));
    assert_eq!(app.available(product).await, 40);
    books::check(&app.database).await;
}

#[tokio::test]
async fn what_is_reserved_cannot_be_taken_away() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    app.held(product, 7).await;
    let list = app.vendor.get("/api/inventory").await.expect(200).json();
    let stock = list["items"][0].clone();
    assert_eq!(
        (&stock["onHand"], &stock["reserved"], &stock["available"]),
        (&json!(10), &json!(7), &json!(3))
    );
    let path = format!(
        "/api/inventory/{}/adjustments",
        stock["id"].as_str().unwrap()
    );
    let before = books::stored(&app.database).await;
    let too_many = json!({ "delta": -4, "reason": "Lost" });
    let answer = app.vendor.post(&path, &too_many).await;
    answer.expect_problem(409, "stock-reserved");
    assert_eq!(answer.json()["reserved"], 7);
    assert_eq!(books::stored(&app.database).await, before);
    let adjusted = json!({ "delta": -3, "reason": "Lost" });
    let left = app.vendor.post(&path, &adjusted).await.expect(201).json();
    assert_eq!(
        (&left["onHand"], &left["level"]),
        (&json!(7), &json!("out"))
    );
    books::check(&app.database).await;
}

#[tokio::test]
async fn the_ledger_says_how_a_stock_came_to_be_so() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let order = app.held(product, 2).await;
    let stock = app.vendor.get("/api/inventory").await.expect(200).json()["items"][0].clone();
    let id = stock["id"].as_str().unwrap();
    let body = json!({ "delta": 1, "reason": "Found one" });
    let path = format!("/api/inventory/{id}/adjustments");
    app.vendor.post(&path, &body).await.expect(201);
    let path = format!("/api/inventory/{id}/ledger");
    let ledger = app.vendor.get(&path).await.expect(200).json();
    let entries: Vec<_> = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["reason"].as_str().unwrap(),
                entry["onHandChange"].as_i64().unwrap(),
                entry["reservedChange"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        entries,
        [("adjustment", 1, 0), ("hold", 0, 2), ("restock", 10, 0)]
    );
    assert_eq!(ledger["items"][0]["note"], "Found one");
    assert_eq!(ledger["items"][1]["reference"], json!(order));
    assert_eq!(ledger["next"], Value::Null);
    let first = app
        .vendor
        .get(&format!("{path}?limit=2"))
        .await
        .expect(200)
        .json();
    let second = app
        .vendor
        .get(&format!("{path}?limit=2&after={}", first["next"]))
        .await
        .expect(200)
        .json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["reason"], "restock");
}

#[tokio::test]
async fn a_vendor_lists_their_own_stock_page_by_page_and_an_admin_everybodys() {
    let app = TestApp::start().await;
    let mut products = Vec::new();
    for units in [0, 2, 7, 20, 30] {
        let product = app.product_without_stock().await;
        app.restock(product, 40, "Warehouse A").await;
        app.held(product, 40 - units).await;
        products.push(product);
    }
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["productId"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut seen = Vec::new();
    let mut path = "/api/inventory?limit=2".to_owned();
    loop {
        let page = app.vendor.get(&path).await.expect(200).json();
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/inventory?limit=2&after={next}");
    }
    let expected: Vec<String> = products
        .iter()
        .map(|product| product.id.to_string())
        .collect();
    assert_eq!(seen, expected);
    let out = app
        .vendor
        .get("/api/inventory?level=out")
        .await
        .expect(200)
        .json();
    assert_eq!(ids(&out), expected[..1]);
    let one = format!("/api/inventory?productId={}", products[3].id);
    assert_eq!(
        ids(&app.vendor.get(&one).await.expect(200).json()),
        expected[3..4]
    );
    assert_eq!(
        ids(&app.admin.get("/api/inventory").await.expect(200).json()).len(),
        5
    );
    assert_eq!(
        ids(&app
            .other_vendor
            .get("/api/inventory")
            .await
            .expect(200)
            .json())
        .len(),
        0
    );
}
