//! Input that is wrong: a problem that names the field, and a database that stays as it was.

use contracts::OrderId;
use http::Method;
use serde_json::{Value, json};
use testkit::Client;

use crate::{app::TestApp, books};

/// The good body with something else in one field, and the field that must be named.
async fn refused(client: &Client, path: &str, good: &Value, wrong: &[(&str, Value)]) {
    for (field, value) in wrong {
        let mut body = good.clone();
        body[*field] = value.clone();
        let answer = client.post(path, &body).await;
        let fields = answer.expect_problem(400, "invalid-request");
        assert!(
            fields.iter().any(|named| named.starts_with(field)),
            "{field} = {value}: {fields:?}"
        );
    }
    for field in good.as_object().unwrap().keys() {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let answer = client.post(path, &body).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            [field.as_str()]
        );
    }
}

#[tokio::test]
async fn a_restock_that_is_wrong_names_the_field_and_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let before = books::stored(&app.database).await;
    let good =
        json!({ "productId": product.id, "quantity": 5, "warehouseLocation": "Warehouse A" });
    let wrong = [
        ("quantity", json!(0)),
        ("quantity", json!(-1)),
        ("quantity", json!(1_000_000_000)),
        ("quantity", json!(1.5)),
        ("quantity", json!("5")),
        ("quantity", json!(null)),
        (
            "quantity",
            serde_json::from_str("100000000000000000000").unwrap(),
        ),
        ("productId", json!("laptop")),
        ("productId", json!(7)),
        ("variantId", json!("x")),
        ("warehouseLocation", json!("")),
        ("warehouseLocation", json!("   ")),
        ("warehouseLocation", json!("x".repeat(81))),
        ("warehouseLocation", json!("a\u{0}b")),
        ("lowStockThreshold", json!(-1)),
        ("lowStockThreshold", json!(1_000_001)),
        ("vendorId", json!(app.vendor_id)),
        ("onHand", json!(500)),
        ("state", json!("PAID")),
    ];
    refused(&app.vendor, "/api/inventory", &good, &wrong).await;
    // Everything that is wrong is said at once.
    let body = json!({ "productId": product.id, "quantity": 0, "warehouseLocation": "", "lowStockThreshold": -1 });
    let fields = app
        .vendor
        .post("/api/inventory", &body)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(
        fields,
        ["quantity", "warehouseLocation", "lowStockThreshold"]
    );
    assert_eq!(books::stored(&app.database).await, before);
}

#[tokio::test]
async fn an_adjustment_that_is_wrong_names_the_field_and_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let stock = app.restock(product, 10, "Warehouse A").await;
    let path = format!(
        "/api/inventory/{}/adjustments",
        stock["id"].as_str().unwrap()
    );
    let before = books::stored(&app.database).await;
    let good = json!({ "delta": -1, "reason": "Broken" });
    let wrong = [
        ("delta", json!(0)),
        ("delta", json!(1.5)),
        ("delta", json!(1_000_001)),
        ("delta", json!(-1_000_001)),
        ("delta", json!(i64::MIN)),
        ("delta", json!("1")),
        ("reason", json!("")),
        ("reason", json!("x".repeat(201))),
        ("reason", json!("a\nb")),
        ("onHand", json!(3)),
    ];
    refused(&app.vendor, &path, &good, &wrong).await;
    for id in ["none", "0190a000-0000-7000-8000-00000000beef", "%00"] {
        let path = format!("/api/inventory/{id}/adjustments");
        app.vendor
            .post(&path, &good)
            .await
            .expect_problem(404, "not-found");
    }
    assert_eq!(books::stored(&app.database).await, before);
}

#[tokio::test]
async fn a_hold_that_is_wrong_names_the_field_and_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let before = books::stored(&app.database).await;
    let good = json!({ "orderId": OrderId::generate(), "lines": [product.line(1)] });
    let line = |field: &str, value: Value| {
        let mut line = product.line(1);
        line[field] = value;
        json!([product.line(1), line])
    };
    let wrong = [
        ("orderId", json!("x")),
        ("lines", json!([])),
        ("lines", json!(vec![product.line(1); 101])),
        ("lines", json!("x")),
        ("lines", line("quantity", json!(0))),
        ("lines", line("quantity", json!(-1))),
        ("lines", line("quantity", json!(1000))),
        ("lines", line("quantity", json!(1_000_000_000))),
        ("lines", line("quantity", json!(1.5))),
        ("lines", line("variantId", json!("x"))),
        ("lines", line("price", json!(0.01))),
        ("expiresInSeconds", json!(0)),
        ("expiresInSeconds", json!(-5)),
        ("expiresInSeconds", json!(86_401)),
        ("expiresInSeconds", json!("60")),
        ("total", json!(1)),
    ];
    refused(&app.internal, "/internal/holds", &good, &wrong).await;
    let body = json!({ "orderId": OrderId::generate(), "lines": line("quantity", json!(0)) });
    let fields = app
        .internal
        .post("/internal/holds", &body)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["lines[1].quantity"]);
    assert_eq!(books::stored(&app.database).await, before);
}

#[tokio::test]
async fn a_key_that_is_wrong_is_refused_before_anything_happens() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let before = books::stored(&app.database).await;
    let body =
        json!({ "productId": product.id, "quantity": 5, "warehouseLocation": "Warehouse A" });
    let too_long = "k".repeat(256);
    for key in ["", "\"\"", "with space", "half\"quoted", too_long.as_str()] {
        let answer = app.vendor.send(Method::POST, "/api/inventory", |request| {
            request.header("Idempotency-Key", key).json(&body)
        });
        let fields = answer.await.expect_problem(400, "invalid-request");
        assert_eq!(fields, ["Idempotency-Key"], "{key:?}");
    }
    let twice = app.vendor.send(Method::POST, "/api/inventory", |request| {
        request
            .header("Idempotency-Key", "a")
            .header("Idempotency-Key", "b")
            .json(&body)
    });
    twice.await.expect_problem(400, "invalid-request");
    assert_eq!(books::stored(&app.database).await, before);
    let longest = "k".repeat(255);
    let fine = app.vendor.send(Method::POST, "/api/inventory", |request| {
        request.header("Idempotency-Key", &longest).json(&body)
    });
    fine.await.expect(201);
}

#[tokio::test]
async fn what_is_no_json_object_of_the_right_size_is_refused() {
    let app = TestApp::start().await;
    let send = |body: String, media_type: &'static str| {
        app.vendor
            .send(Method::POST, "/api/inventory", move |request| {
                request.header("content-type", media_type).body(body)
            })
    };
    for body in ["", "{", "[]", "null", "\"x\"", "{\"quantity\":1}{}"] {
        send(body.to_owned(), "application/json")
            .await
            .expect_problem(400, "invalid-request");
    }
    send("{}".to_owned(), "text/plain")
        .await
        .expect_problem(415, "unsupported-media-type");
    let large = json!({ "warehouseLocation": "x".repeat(70_000) }).to_string();
    send(large, "application/json")
        .await
        .expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_query_that_is_wrong_names_the_parameter() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("limit=1&limit=2", "limit"),
        ("after=x", "after"),
        ("productId=kettle", "productId"),
        ("level=empty", "level"),
        ("vendorId=1", "vendorId"),
    ] {
        let answer = app.vendor.get(&format!("/api/inventory?{query}")).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            [field],
            "{query}"
        );
    }
}
