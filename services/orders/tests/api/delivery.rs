//! Sending and arriving: by whom, when, and what is told of it.

use serde_json::json;

use crate::app::{TestApp, path};

#[tokio::test]
async fn an_order_is_sent_and_arrives() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 1).await;
    let parcel = json!({ "carrier": "Royal Mail", "trackingNumber": "RM 42", "version": 3 });
    let shipped = app
        .vendor
        .post(&format!("{}/ship", path(&order)), &parcel)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shipped["state"], &shipped["carrier"]),
        (&json!("SHIPPED"), &json!("Royal Mail"))
    );
    assert_eq!(
        app.events(&order, "order_shipped").await[0]["trackingNumber"],
        "RM 42"
    );
    app.vendor
        .post(&format!("{}/ship", path(&order)), &parcel)
        .await
        .expect_problem(409, "stale-version");
    app.vendor
        .post(&format!("{}/ship", path(&order)), &json!({}))
        .await
        .expect_problem(409, "order-state");
    let arrived = app
        .admin
        .post(
            &format!("{}/deliver", path(&order)),
            &json!({ "version": 4 }),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&arrived["state"], &arrived["version"]),
        (&json!("DELIVERED"), &json!(5))
    );
    let turns: Vec<&str> = arrived["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        turns,
        ["PENDING", "PAYMENT_PENDING", "PAID", "SHIPPED", "DELIVERED"]
    );
}

#[tokio::test]
async fn nothing_is_sent_before_it_is_paid_and_handed_over() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let ship = format!("{}/ship", path(&order));
    app.vendor
        .post(&ship, &json!({}))
        .await
        .expect_problem(409, "order-state");
    app.vendor
        .post(&format!("{}/deliver", path(&order)), &json!({}))
        .await
        .expect_problem(409, "order-state");
    app.captured(&order).await;
    app.wait_for_state(&order, "PAID").await;
    let answer = app.vendor.post(&ship, &json!({})).await;
    answer.expect_problem(409, "order-state");
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("warehouse")
    );
}

#[tokio::test]
async fn a_parcel_is_described_in_bounds() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 1).await;
    for (body, field) in [
        (json!({ "carrier": "x".repeat(81) }), "carrier"),
        (json!({ "trackingNumber": "a\nb" }), "trackingNumber"),
        (json!({ "version": "three" }), "version"),
        (json!({ "state": "DELIVERED" }), "state"),
    ] {
        let answer = app
            .vendor
            .post(&format!("{}/ship", path(&order)), &body)
            .await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), [field]);
    }
}
