//! What runs short is told once, until there is more again.

use contracts::OrderId;
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::Nats;

use crate::{
    app::{Product, TestApp, hold},
    books,
    settling::release,
};

async fn restock(app: &TestApp, product: Product, units: i64, threshold: i64) -> Value {
    let body = json!({
        "productId": product.id, "quantity": units, "warehouseLocation": "Warehouse A", "lowStockThreshold": threshold
    });
    let answer = app.vendor.post("/api/inventory", &body).await;
    answer.expect(201).json()
}

async fn alerts(app: &TestApp) -> Vec<String> {
    let mut connection = app.database.connect().await;
    sqlx::query_scalar(
        "select split_part(subject, '.', 3) || coalesce(' ' || (payload->>'available'), '') from outbox
         where payload ? 'stockId' order by id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn each_crossing_is_told_exactly_once() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(0).await;
    let stock = restock(&app, product, 6, 3).await;
    assert_eq!(stock["level"], "ok");
    app.held(product, 2).await;
    assert_eq!(alerts(&app).await, [""; 0]);
    app.held(product, 1).await;
    assert_eq!(alerts(&app).await, ["low_stock 3"]);
    app.held(product, 1).await;
    assert_eq!(alerts(&app).await, ["low_stock 3"]);
    let last = app.held(product, 2).await;
    assert_eq!(alerts(&app).await, ["low_stock 3", "out_of_stock"]);
    // Selling what was reserved changes nothing for whoever wants to buy.
    release(&nats, last, 2).await;
    app.until(last, "RELEASED").await;
    app.held(product, 1).await;
    assert_eq!(alerts(&app).await, ["low_stock 3", "out_of_stock"]);
    app.held(product, 1).await;
    assert_eq!(alerts(&app).await.len(), 3);
    restock(&app, product, 10, 3).await;
    app.held(product, 8).await;
    assert_eq!(
        alerts(&app).await,
        ["low_stock 3", "out_of_stock", "out_of_stock", "low_stock 2"]
    );
    let told = nats.messages("INVENTORY", 5).await;
    let (subject, message) = &told[0];
    assert_eq!(subject, "shop.inventory.low_stock.v1");
    assert_eq!(message["subject"], stock["id"]);
    let data = &message["data"];
    assert_eq!(data["vendorId"], json!(app.vendor_id));
    assert_eq!(data["productId"], json!(product.id));
    assert_eq!(data["warehouseLocation"], "Warehouse A");
    assert_eq!(data["version"], 3);
    books::check(&app.database).await;
}

#[tokio::test]
async fn many_buyers_at_once_make_one_crossing() {
    let mut app = TestApp::start().await;
    let replicas = [app.internal.clone(), app.replica().await];
    let product = app.product(0).await;
    restock(&app, product, 60, 20).await;
    let line = [product.line(1)];
    let buyers = (0..80).map(|number| hold(&replicas[number % 2], OrderId::generate(), &line));
    let answers = join_all(buyers).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        60
    );
    let alerts = alerts(&app).await;
    let low = alerts
        .iter()
        .filter(|alert| alert.starts_with("low_stock"))
        .count();
    // A batch may take the shelf past its threshold to nothing: then only the graver one is told.
    assert!(low <= 1, "{alerts:?}");
    let out = alerts
        .iter()
        .filter(|alert| *alert == "out_of_stock")
        .count();
    assert_eq!(out, 1, "{alerts:?}");
}

#[tokio::test]
async fn a_shelf_that_is_filled_or_emptied_by_hand_is_told_of_too() {
    let app = TestApp::start().await;
    let product = app.product(0).await;
    let stock = restock(&app, product, 4, 5).await;
    assert_eq!(stock["level"], "low");
    assert_eq!(alerts(&app).await, [""; 0], "nothing fell");
    restock(&app, product, 6, 5).await;
    restock(&app, product, 1, 20).await;
    assert_eq!(
        alerts(&app).await,
        ["low_stock 11"],
        "the threshold rose above it"
    );
    let path = format!(
        "/api/inventory/{}/adjustments",
        stock["id"].as_str().unwrap()
    );
    let body = json!({ "delta": -11, "reason": "Water damage" });
    let emptied = app.vendor.post(&path, &body).await.expect(201).json();
    assert_eq!(
        (&emptied["level"], &emptied["onHand"]),
        (&json!("out"), &json!(0))
    );
    assert_eq!(alerts(&app).await, ["low_stock 11", "out_of_stock"]);
    assert_eq!(
        app.metric("shop_stock_alerts_total{level=\"out\"}").await,
        1
    );
    books::check(&app.database).await;
}
