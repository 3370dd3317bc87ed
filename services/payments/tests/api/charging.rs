//! A payment's usual ways: charged, declined, settled later, and many at once.

use futures::future::join_all;
use serde_json::json;
use testkit::eventually;

use crate::app::{DECLINED, Order, Shop, order};

#[tokio::test]
async fn a_request_is_charged_once_and_said_in_order() {
    let shop = Shop::open().await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    assert_eq!(shop.psp.charges(&order).await, 1);
    shop.books_agree().await;
    let messages = shop.nats.messages("PAYMENTS", 2).await;
    assert_eq!(messages[0].0, "shop.payments.payment_started.v1");
    let captured = &messages[1].1["data"];
    assert_eq!(messages[1].0, "shop.payments.payment_captured.v1");
    assert_eq!(captured["orderId"], order.id.to_string());
    assert_eq!(
        captured["amount"],
        json!({ "amount": "10.00", "currency": "EUR" })
    );
    assert_eq!(
        (&captured["provider"], &captured["version"]),
        (&json!("stripe"), &json!(2))
    );
    assert_eq!(
        captured["providerReference"],
        shop.psp.intents().await[0]["id"]
    );
}

#[tokio::test]
async fn what_is_declined_three_times_is_a_dead_letter_that_an_operator_finds() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({})).await;
    let order = Order::by(DECLINED);
    shop.request(&order).await;
    shop.until(&order, "DECLINED").await;
    assert_eq!(shop.said(&order).await, ["started", "declined"]);
    assert!(shop.psp.ledger().await.is_empty());
    let attempts: Vec<_> = shop
        .psp
        .intents()
        .await
        .iter()
        .rev()
        .map(|intent| intent["metadata"]["attempt"].clone())
        .collect();
    assert_eq!(
        attempts,
        ["1", "2", "3"],
        "one key for each definitive decline and one more"
    );
    let mut connection = shop.connection().await;
    let (payload, reason, deliveries): (String, String, i64) = sqlx::query_as(
        "select payload, reason, deliveries from dead_letter where consumer = 'payments_charge'",
    )
    .fetch_one(&mut *connection)
    .await
    .unwrap();
    assert_eq!(
        (reason.as_str(), deliveries),
        ("declined after 3 attempts: insufficient_funds", 3)
    );
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(
        (
            payload["orderId"].as_str(),
            payload["amount"]["amount"].as_str()
        ),
        (Some(order.id.to_string().as_str()), Some("10.00"))
    );
    let messages = shop.nats.messages("PAYMENTS", 2).await;
    assert_eq!(messages[1].1["data"]["code"], "insufficient_funds");
    assert_eq!(messages[1].1["data"]["attempts"], 3);
}

#[tokio::test]
async fn a_method_that_cannot_be_charged_is_not_tried_again() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({})).await;
    for method in ["no method", "pm_", ""] {
        let order = Order::by(method);
        shop.request(&order).await;
        shop.until(&order, "DECLINED").await;
        assert_eq!(
            shop.said(&order).await,
            ["started", "declined"],
            "{method:?}"
        );
    }
    assert!(shop.psp.intents().await.is_empty());
}

#[tokio::test]
async fn a_direct_debit_is_captured_when_it_settles() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "settlementMs": 300 })).await;
    let order = Order::by("pm_sepa_debit");
    shop.request(&order).await;
    eventually("the debit is under way", || async {
        (shop.psp.intents().await.first()?["status"] == "processing").then_some(())
    })
    .await;
    assert_eq!(shop.said(&order).await, ["started"]);
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.psp.intents().await.len(), 1);
    shop.books_agree().await;
}

#[tokio::test]
async fn with_declines_by_chance_every_payment_ends_and_the_books_agree() {
    let shop = Shop::open().await;
    shop.psp
        .knobs(json!({ "declineRate": 0.6, "seed": 7 }))
        .await;
    let orders: Vec<Order> = (0..40).map(|_| Order::by("pm_card_random")).collect();
    join_all(orders.iter().map(|order| shop.request(order))).await;
    eventually("all have ended", || async {
        let ended = shop
            .count("select count(*) from payment where state in ('CAPTURED', 'DECLINED')")
            .await;
        (ended == 40).then_some(())
    })
    .await;
    assert!(
        shop.count("select count(*) from payment where state = 'CAPTURED'")
            .await
            > 0
    );
    let retried = shop
        .count("select count(*) from payment where attempt > 1 and state = 'CAPTURED'")
        .await;
    assert!(retried > 0, "no second attempt was charged");
    shop.books_agree().await;
    let declines = u64::try_from(
        shop.psp
            .intents()
            .await
            .iter()
            .filter(|intent| intent["status"] != "succeeded")
            .count(),
    )
    .unwrap();
    assert_eq!(declines, shop.psp.happened("declined").await);
}

#[tokio::test]
async fn several_replicas_charge_each_payment_once() {
    let mut shop = Shop::open().await;
    shop.start_with(|_| {}).await;
    shop.start_with(|_| {}).await;
    let orders: Vec<Order> = (0..60).map(|_| order()).collect();
    join_all(orders.iter().map(|order| shop.request(order))).await;
    eventually("all are captured", || async {
        let captured = shop
            .count("select count(*) from payment where state = 'CAPTURED'")
            .await;
        (captured == 60).then_some(())
    })
    .await;
    assert_eq!(shop.psp.ledger().await.len(), 60);
    shop.books_agree().await;
}
