//! Somebody does not want it any more: before, while and after the money comes.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{TestApp, path, wish};

async fn cancel(app: &TestApp, order: &Value) -> Value {
    app.customer
        .post(&format!("{}/cancel", path(order)), &json!({}))
        .await
        .expect(200)
        .json()
}

#[tokio::test]
async fn a_cancelled_order_waits_for_both_answers_and_is_cancelled_then() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    let body = json!({ "version": 1, "reason": "found it cheaper" });
    let cancelling = app
        .customer
        .post(&format!("{}/cancel", path(&order)), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&cancelling["state"], &cancelling["version"]),
        (&json!("CANCELLING"), &json!(2))
    );
    // Inventory answers by itself. That alone ends nothing.
    let waiting = app.wait_for(&order, |order| order["stock"] == "GONE").await;
    assert_eq!(waiting["state"], "CANCELLING");
    assert_eq!(app.available(&product).await, 5);
    app.payment_cancelled(&order).await;
    let order = app.wait_for_state(&order, "CANCELLED").await;
    assert_eq!(order["reason"], "found it cheaper");
    assert_eq!(order["version"], 3);
    assert_eq!(
        app.events(&order, "order_cancelled").await[0]["reason"],
        "found it cheaper"
    );
    // What has ended stays so.
    cancel(&app, &order).await;
    assert_eq!(app.get(&order).await, order);
}

#[tokio::test]
async fn a_body_is_not_needed_to_cancel() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let cancel = format!("{}/cancel", path(&order));
    let bare = app
        .customer
        .send(http::Method::POST, &cancel, |request| request)
        .await;
    assert_eq!(bare.expect(200).json()["reason"], "it was cancelled");
}

#[tokio::test]
async fn a_late_capture_while_cancelling_is_refunded() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    app.started(&order).await;
    app.wait_for_state(&order, "PAYMENT_PENDING").await;
    cancel(&app, &order).await;
    app.captured(&order).await;
    let refund = app.refund_of(&order).await;
    let now = app.wait_for(&order, |order| order["stock"] == "GONE").await;
    assert_eq!(
        (&now["state"], &now["payment"]),
        (&json!("CANCELLING"), &json!("CAPTURED"))
    );
    assert_eq!(refund["amount"], order["total"]);
    let asked = app.events(&order, "refund_requested").await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["refundId"], refund["id"]);
    app.refunded(&order, &refund, 2_500).await;
    let order = app.wait_for_state(&order, "REFUNDED").await;
    assert_eq!(
        (&order["payment"], &order["stock"]),
        (&json!("REFUNDED"), &json!("GONE"))
    );
    assert_eq!(app.events(&order, "order_paid").await.len(), 0);
    assert_eq!(app.available(&product).await, 5);
}

#[tokio::test]
async fn what_is_paid_cannot_be_cancelled() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 1).await;
    let before = app.stored().await;
    let answer = app
        .customer
        .post(&format!("{}/cancel", path(&order)), &json!({}))
        .await;
    answer.expect_problem(409, "order-state");
    let problem = answer.json();
    assert_eq!(
        (&problem["state"], &problem["currentVersion"]),
        (&json!("PAID"), &json!(3))
    );
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 1).await;
    let before = app.stored().await;
    let requests = [
        (&app.customer, "cancel", json!({ "version": 1 })),
        (&app.vendor, "ship", json!({ "version": 2 })),
        (&app.vendor, "deliver", json!({ "version": 4 })),
        (
            &app.admin,
            "refunds",
            json!({ "version": 2, "reason": "broken" }),
        ),
    ];
    for (client, action, body) in requests {
        let answer = client
            .post(&format!("{}/{action}", path(&order)), &body)
            .await;
        answer.expect_problem(409, "stale-version");
        assert_eq!(answer.json()["currentVersion"], 3, "{action}");
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn of_many_who_cancel_and_one_who_charges_each_is_heard_once() {
    let app = TestApp::start().await;
    let product = app.product(50).await;
    let body = wish(&product, 1);
    let orders = join_all((0..10).map(|_| app.customer.post("/api/orders", &body))).await;
    let orders: Vec<Value> = orders
        .into_iter()
        .map(|answer| answer.expect(201).json())
        .collect();
    let paths: Vec<String> = orders
        .iter()
        .map(|order| format!("{}/cancel", path(order)))
        .collect();
    let body = json!({});
    let cancels = join_all(
        paths
            .iter()
            .flat_map(|path| [path, path, path])
            .map(|path| app.customer.post(path, &body)),
    );
    let captures = async {
        for order in &orders {
            app.captured(order).await;
        }
    };
    let (cancels, ()) = futures::join!(cancels, captures);
    assert!(
        cancels
            .iter()
            .all(|answer| [200, 409].contains(&answer.status.as_u16()))
    );
    app.wait_until_heard("orders_payment_captured", "handled", 10)
        .await;
    for order in &orders {
        let now = app.get(order).await;
        match now["state"].as_str().unwrap() {
            "PAID" => assert_eq!(now["refunds"], json!([])),
            "CANCELLING" => assert_eq!(now["refunds"][0]["amount"], now["total"]),
            other => panic!("{other}"),
        }
    }
    assert_eq!(app.number("select count(*) from dead_letter").await, 0);
}
