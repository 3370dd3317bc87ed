//! From placing to being paid, to every end that there is: with the real inventory, and payments played.

use contracts::inventory::{ReleaseReason, StockCommitFailed, StockCommitted, StockReleased};
use serde_json::{Value, json};

use crate::app::{TestApp, id, path};

fn states(order: &Value) -> Vec<(i64, &str)> {
    let turns = order["timeline"].as_array().unwrap().iter();
    turns
        .map(|turn| {
            (
                turn["version"].as_i64().unwrap(),
                turn["state"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_paid_order_is_at_version_three_with_its_timeline_and_its_goods() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    assert_eq!(
        states(&order),
        [(1, "PENDING"), (2, "PAYMENT_PENDING"), (3, "PAID")]
    );
    assert_eq!(
        (&order["version"], &order["payment"]),
        (&json!(3), &json!("CAPTURED"))
    );
    assert_eq!(order["timeline"][2]["cause"], "payment_captured");
    assert_eq!(app.available(&product).await, 3);
    let paid = app.events(&order, "order_paid").await;
    assert_eq!(paid.len(), 1);
    assert_eq!(paid[0]["version"], 3);
    assert_eq!(paid[0]["total"], order["total"]);
    let waiting = "select count(*) from orders where deadline is not null";
    assert_eq!(app.number(waiting).await, 0, "nobody owes an answer");
    assert_eq!(
        app.metric("shop_order_turns_total{state=\"PAID\"} ").await,
        1
    );
    assert_eq!(app.metric("shop_order_paid_after_seconds_count ").await, 1);
}

#[tokio::test]
async fn news_of_the_charge_that_overtakes_news_of_its_beginning_counts() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    app.captured(&order).await;
    app.wait_for_state(&order, "PAID").await;
    app.started(&order).await;
    app.wait_until_heard("orders_payment_started", "handled", 1)
        .await;
    let order = app.get(&order).await;
    assert_eq!(
        states(&order),
        [(1, "PENDING"), (2, "PAYMENT_PENDING"), (3, "PAID")]
    );
}

#[tokio::test]
async fn a_declined_payment_ends_in_failed_and_the_goods_are_free() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    app.started(&order).await;
    app.wait_for_state(&order, "PAYMENT_PENDING").await;
    app.declined(&order).await;
    let order = app.wait_for_state(&order, "FAILED").await;
    assert_eq!(
        states(&order),
        [
            (1, "PENDING"),
            (2, "PAYMENT_PENDING"),
            (3, "CANCELLING"),
            (4, "FAILED")
        ]
    );
    assert_eq!(
        order["reason"],
        "the payment was declined (insufficient_funds)"
    );
    assert_eq!(
        (&order["payment"], &order["stock"]),
        (&json!("FAILED"), &json!("GONE"))
    );
    assert_eq!(app.available(&product).await, 5);
    assert_eq!(
        app.events(&order, "order_failed").await[0]["reason"],
        order["reason"]
    );
    assert_eq!(
        app.events(&order, "payment_cancel_requested").await.len(),
        0
    );
}

#[tokio::test]
async fn goods_that_cannot_be_handed_over_are_paid_back() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    app.captured(&order).await;
    app.wait_for_state(&order, "PAID").await;
    let failed = StockCommitFailed {
        order_id: id(&order),
        version: 3,
        reason: "its hold had ended, and Desk lamp is sold out".to_owned(),
    };
    app.tell("INVENTORY", &failed).await;
    let refund = app.refund_of(&order).await;
    assert_eq!(refund["amount"], order["total"]);
    assert_eq!(app.get(&order).await["state"], "CANCELLING");
    app.refunded(&order, &refund, 2_500).await;
    let order = app.wait_for_state(&order, "REFUNDED").await;
    assert_eq!(order["reason"], failed.reason);
    assert_eq!(order["refunded"], order["total"]);
    let told = app.events(&order, "order_refunded").await;
    assert_eq!(told[0]["amount"], order["total"]);
    assert_eq!(
        app.events(&order, "stock_release_requested").await.len(),
        0,
        "there is nothing to release"
    );
}

#[tokio::test]
async fn a_hold_that_expires_while_the_payment_is_under_way_says_nothing_about_the_order() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    app.started(&order).await;
    app.wait_for_state(&order, "PAYMENT_PENDING").await;
    let expired = StockReleased {
        order_id: id(&order),
        version: 2,
        reason: ReleaseReason::Expired,
    };
    app.tell("INVENTORY", &expired).await;
    app.wait_until_heard("orders_stock_released", "handled", 1)
        .await;
    assert_eq!(app.get(&order).await["state"], "PAYMENT_PENDING");
    // Inventory takes the goods anew, if it can, when they are to be handed over.
    app.captured(&order).await;
    app.wait_for_state(&order, "PAID").await;
    let committed = StockCommitted {
        order_id: id(&order),
        version: 3,
    };
    app.tell("INVENTORY", &committed).await;
    let order = app
        .wait_for(&order, |order| order["stock"] == "COMMITTED")
        .await;
    assert_eq!(order["version"], 3, "a fact is no turn");
}

#[tokio::test]
async fn a_hold_that_expires_while_the_real_inventory_watches_ends_well_too() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 2).await;
    let mut stock = app.stock_database.connect().await;
    sqlx::query("update hold set expires_at = now() - interval '1 second'")
        .execute(&mut stock)
        .await
        .unwrap();
    app.wait_until_heard("orders_stock_released", "handled", 1)
        .await;
    assert_eq!(app.available(&product).await, 5);
    app.started(&order).await;
    app.captured(&order).await;
    app.wait_for(&order, |order| order["stock"] == "COMMITTED")
        .await;
    assert_eq!(app.available(&product).await, 3);
}

#[tokio::test]
async fn every_step_is_announced_under_the_version_that_it_made() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 1).await;
    app.vendor
        .post(&format!("{}/ship", path(&order)), &json!({}))
        .await
        .expect(200);
    app.vendor
        .post(&format!("{}/deliver", path(&order)), &json!({}))
        .await
        .expect(200);
    let expected = [
        ("order_placed", 1),
        ("payment_requested", 1),
        ("order_paid", 3),
        ("stock_commit_requested", 3),
        ("order_shipped", 4),
        ("order_delivered", 5),
    ];
    let messages = app.nats.messages("ORDERS", expected.len()).await;
    let seen: Vec<(&str, i64)> = messages
        .iter()
        .map(|(subject, envelope)| {
            (
                subject
                    .trim_start_matches("shop.orders.")
                    .trim_end_matches(".v1"),
                envelope["aggregateversion"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, expected);
}
