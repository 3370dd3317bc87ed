//! Placing an order: what comes back, what is stored, what others are told.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;

use crate::app::{TestApp, id, path, wish};

#[tokio::test]
async fn the_call_from_the_requirements_places_an_order() {
    let app = TestApp::start().await;
    let product = app.product_at("1299.99", 50).await;
    let mut body = wish(&product, 2);
    body["items"][0]["price"] = json!(1299.99);
    let answer = app.customer.post("/api/orders", &body).await.expect(201);
    let order = answer.json();
    assert_eq!(answer.header("location"), path(&order));
    assert_eq!(
        (&order["state"], &order["version"]),
        (&json!("PENDING"), &json!(1))
    );
    assert_eq!(
        order["total"],
        json!({ "amount": "2599.98", "currency": "EUR" })
    );
    assert_eq!(order["items"][0]["unitPrice"]["amount"], "1299.99");
    assert_eq!(order["items"][0]["variantId"], product.variant.as_str());
    assert_eq!(order["items"][0]["name"], "Desk lamp");
    assert_eq!(order["shippingAddress"]["zipCode"], "SW1A");
    assert_eq!(order["paymentMethod"], "pm_card");
    assert_eq!(order["timeline"][0]["state"], "PENDING");
    let number = order["number"].as_str().unwrap();
    assert!(
        number.starts_with("ARG-20") && number.len() == 15,
        "{number}"
    );
    // What was answered without reading is what is stored.
    assert_eq!(
        app.customer.get(&path(&order)).await.expect(200).json(),
        order
    );
    assert_eq!(app.available(&product).await, 48);
}

#[tokio::test]
async fn both_addresses_are_one_operation() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let body = wish(&product, 1);
    let first = app.customer.post("/orders", &body).await.expect(201).json();
    let second = app
        .customer
        .post("/api/orders", &body)
        .await
        .expect(201)
        .json();
    assert_ne!(
        first["id"], second["id"],
        "without a key each request is an order"
    );
    assert_ne!(first["number"], second["number"]);
}

#[tokio::test]
async fn an_order_and_its_event_commit_together() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    let messages = app.nats.messages("ORDERS", 2).await;
    let subjects: Vec<&str> = messages
        .iter()
        .map(|(subject, _)| subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        [
            "shop.orders.order_placed.v1",
            "shop.orders.payment_requested.v1"
        ]
    );
    let placed = &messages[0].1["data"];
    assert_eq!(placed["number"], order["number"]);
    assert_eq!(placed["total"], order["total"]);
    assert_eq!(placed["email"], "customer@example.com");
    assert_eq!(placed["lines"][0]["quantity"], 2);
    assert_eq!(placed["lines"][0]["vendorId"], app.vendor_id.to_string());
    assert_eq!(messages[1].1["data"]["amount"], order["total"]);
    assert_eq!(messages[1].1["data"]["paymentMethod"], "pm_card");

    // Whatever makes one of the two impossible makes the other one impossible.
    app.execute("alter table outbox add constraint refused check (subject not like '%payment_requested%') not valid").await;
    let before = app.stored().await;
    app.customer
        .post("/api/orders", &wish(&product, 1))
        .await
        .expect_problem(500, "internal");
    assert_eq!(app.stored().await, before);
    app.execute("alter table outbox drop constraint refused")
        .await;
    app.order(&product, 1).await;
}

#[tokio::test]
async fn an_order_keeps_what_was_bought_whatever_becomes_of_the_product() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let change = json!({ "version": 1, "name": "Floor lamp", "price": "99" });
    app.catalog
        .patch(&format!("/api/products/{}", product.id), &change)
        .await
        .expect(200);
    app.wait_until_heard("orders_product_updated", "handled", 1)
        .await;
    let now = app.get(&order).await;
    assert_eq!(now["items"], order["items"]);
    assert_eq!(now["total"], order["total"]);
    // A new order costs what it costs now: the event made the service forget.
    let next = app.order(&product, 1).await;
    assert_eq!(next["total"]["amount"], "99.00");
    assert_eq!(next["items"][0]["name"], "Floor lamp, Desk lamp");
}

#[tokio::test]
async fn of_one_thing_only_as_many_are_sold_as_there_are() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let body = wish(&product, 1);
    let answers = join_all((0..40).map(|_| app.customer.post("/api/orders", &body))).await;
    let statuses: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    let placed = statuses.iter().filter(|status| **status == 201).count();
    let refused = statuses.iter().filter(|status| **status == 409).count();
    assert_eq!((placed, refused), (10, 30), "{statuses:?}");
    assert_eq!(app.number("select count(*) from orders").await, 10);
    assert_eq!(app.available(&product).await, 0);
    let numbers: BTreeSet<String> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["number"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(numbers.len(), 10, "each has a number of its own");
}

#[tokio::test]
async fn what_is_sold_out_is_named_and_nothing_is_held() {
    let app = TestApp::start().await;
    let (plenty, scarce) = (app.product(10).await, app.product(2).await);
    let mut body = wish(&plenty, 1);
    body["items"] = json!([
        { "productId": plenty.id, "quantity": 1 },
        { "productId": scarce.id, "quantity": 3 },
    ]);
    let before = app.stored().await;
    let answer = app.customer.post("/api/orders", &body).await;
    assert_eq!(
        answer.expect_problem(409, "out-of-stock"),
        ["items[1].quantity"]
    );
    assert!(answer.json()["available"].is_array());
    assert_eq!(app.stored().await, before);
    assert_eq!(app.available(&plenty).await, 10);
    assert_eq!(
        app.metric("shop_orders_total{outcome=\"out_of_stock\"} ")
            .await,
        1
    );
}

#[tokio::test]
async fn another_price_than_the_current_one_is_refused_with_the_right_one() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let before = app.stored().await;
    for price in [json!(0.01), json!("12.49"), json!(0)] {
        let mut body = wish(&product, 1);
        body["items"][0]["price"] = price;
        let answer = app.customer.post("/api/orders", &body).await;
        assert_eq!(
            answer.expect_problem(409, "price-changed"),
            ["items[0].price"]
        );
        let current = &answer.json()["currentPrices"][0];
        assert_eq!(
            current["price"],
            json!({ "amount": "12.50", "currency": "EUR" })
        );
        assert_eq!(current["item"], 0);
    }
    assert_eq!(app.stored().await, before);
    let mut body = wish(&product, 1);
    body["items"][0]["price"] = json!("12.5");
    app.customer.post("/api/orders", &body).await.expect(201);
}

#[tokio::test]
async fn what_comes_at_the_same_time_is_written_together_and_each_gets_its_own_answer() {
    let app = TestApp::start().await;
    let product = app.product(200).await;
    let bodies: Vec<_> = (1..=60)
        .map(|quantity| wish(&product, quantity % 3 + 1))
        .collect();
    let answers = join_all(
        bodies
            .iter()
            .map(|body| app.customer.post("/api/orders", body)),
    )
    .await;
    let mut ids = BTreeSet::new();
    for (body, answer) in bodies.iter().zip(&answers) {
        let order = answer.clone().expect(201).json();
        assert_eq!(order["items"][0]["quantity"], body["items"][0]["quantity"]);
        assert!(ids.insert(id(&order)));
        assert_eq!(app.get(&order).await, order);
    }
    assert_eq!(app.number("select count(*) from order_history").await, 60);
    assert_eq!(app.number("select count(*) from outbox").await, 120);
}
