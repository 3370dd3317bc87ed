//! Answers that do not come: they are asked for again, and never made up.

use serde_json::json;
use testkit::eventually;

use crate::app::{TestApp, path};

const ASKED_AGAIN: &str = "worker_steps_total{outcome=\"worked\",worker=\"meet_deadlines\"} ";

#[tokio::test]
async fn what_is_not_answered_is_asked_again_with_the_same_event() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    app.nats.messages("ORDERS", 2).await;
    eventually("everything is sent", || async {
        let unsent = app
            .number("select count(*) from outbox where stream_seq is null")
            .await;
        (unsent == 0).then_some(())
    })
    .await;
    let before = app.get(&order).await;
    app.execute("update orders set deadline = now()").await;
    eventually("it is asked again", || async {
        (app.metric("shop_order_requests_repeated_total ").await == 1).then_some(())
    })
    .await;
    assert_eq!(app.get(&order).await, before, "asking is no turn");
    assert_eq!(
        app.number("select count(*) from outbox").await,
        2,
        "the same event, no other one"
    );
    assert_eq!(
        app.number("select count(*) from orders where deadline > now() + interval '50 seconds'")
            .await,
        1
    );
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_asks_and_waits_for_the_answers() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    app.started(&order).await;
    app.wait_for_state(&order, "PAYMENT_PENDING").await;
    app.execute(
        "update orders set placed_at = placed_at - interval '11 minutes', deadline = now()",
    )
    .await;
    let cancelling = app.wait_for(&order, |order| order["version"] == 3).await;
    assert_eq!(
        cancelling["state"], "CANCELLING",
        "a time-out may ask, never conclude"
    );
    assert_eq!(cancelling["reason"], "it was not paid in time");
    assert_eq!(
        app.events(&order, "payment_cancel_requested").await.len(),
        1
    );
    assert_eq!(app.events(&order, "stock_release_requested").await.len(), 1);
    // However often the deadline passes: without answers nothing ends.
    for _ in 0..3 {
        let worked = app.metric(ASKED_AGAIN).await;
        app.execute("update orders set deadline = now()").await;
        eventually("the deadline has passed", || async {
            (app.metric(ASKED_AGAIN).await > worked).then_some(())
        })
        .await;
    }
    assert_eq!(app.get(&order).await["state"], "CANCELLING");
    // It had been charged after all.
    app.captured(&order).await;
    let refund = app.refund_of(&order).await;
    assert_eq!(refund["amount"], order["total"]);
}

#[tokio::test]
async fn an_order_that_waits_too_long_for_its_end_is_counted() {
    let app = TestApp::with_deaf_inventory().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    app.customer
        .post(&format!("{}/cancel", path(&order)), &json!({}))
        .await
        .expect(200);
    assert_eq!(app.metric("shop_order_stuck ").await, 0);
    app.execute("update orders set state_since = now() - interval '11 minutes'")
        .await;
    eventually("it is counted", || async {
        (app.metric("shop_order_stuck ").await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_replicas_meet_each_deadline_once() {
    let mut app = TestApp::with_deaf_inventory().await;
    let product = app.product(40).await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(app.order(&product, 1).await);
    }
    app.replica().await;
    app.execute(
        "update orders set placed_at = placed_at - interval '11 minutes', deadline = now()",
    )
    .await;
    for order in &orders {
        let now = app.wait_for_state(order, "CANCELLING").await;
        assert_eq!(now["version"], 2);
    }
    assert_eq!(
        app.number("select count(*) from outbox where subject like '%payment_cancel_requested%'")
            .await,
        20
    );
}
