//! Doubt that lasts, and what an operator can do about it. None of it charges twice.

use serde_json::json;
use testkit::eventually;

use crate::app::{DECLINED, Order, Shop, order};

/// A payment that has been in doubt for so long that its key may be forgotten. `is_charged` says what the provider did.
async fn in_doubt_for_a_day(is_charged: bool) -> (Shop, Order) {
    let shop =
        Shop::open_with(|config| config.timing.retry_pauses_ms = "600000".parse().unwrap()).await;
    let knobs = if is_charged {
        json!({ "dropAnswerRate": 1 })
    } else {
        json!({ "outage": "closed" })
    };
    shop.psp.knobs(knobs).await;
    let order = order();
    shop.request(&order).await;
    eventually("the try has failed", || async {
        let failed = shop
            .count("select count(*) from payment where failures = 1")
            .await;
        (failed == 1).then_some(())
    })
    .await;
    shop.run("update payment set first_sent_at = now() - interval '23 hours 1 minute', next_at = now() where order_id = $1", &order).await;
    (shop, order)
}

#[tokio::test]
async fn a_payment_in_doubt_for_a_day_is_looked_up_and_never_sent_again() {
    let (shop, order) = in_doubt_for_a_day(false).await;
    shop.psp.knobs(json!({})).await;
    shop.run(
        "update payment set next_at = now() where order_id = $1",
        &order,
    )
    .await;
    shop.until(&order, "MANUAL").await;
    assert!(shop.psp.intents().await.is_empty(), "it was sent again");
    assert_eq!(shop.said(&order).await, ["started"]);
    eventually("it is counted", || async {
        shop.metric("shop_payment_manual")
            .await
            .filter(|manual| *manual >= 1.0)
    })
    .await;
    // An operator has it looked at again; its key is as old as before.
    let retried = shop
        .admin()
        .post(&format!("/api/payments/{}/retry", order.id), &json!({}))
        .await
        .expect(202)
        .json();
    assert_eq!(retried["state"], "IN_DOUBT");
    shop.until(&order, "MANUAL").await;
    assert!(shop.psp.intents().await.is_empty());
    // A cancellation does not conclude anything either.
    shop.cancel(&order).await;
    shop.paid().await;
    assert_eq!(shop.said(&order).await, ["started"]);
    assert_eq!(shop.state(&order).await.as_deref(), Some("MANUAL"));
}

#[tokio::test]
async fn a_charge_of_a_day_ago_is_found_by_looking() {
    let (shop, order) = in_doubt_for_a_day(true).await;
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.psp.intents().await.len(), 1);
    shop.books_agree().await;
}

#[tokio::test]
async fn an_admin_may_hurry_what_waits_and_not_repeat_what_has_ended() {
    let shop =
        Shop::open_with(|config| config.timing.retry_pauses_ms = "600000".parse().unwrap()).await;
    shop.psp.knobs(json!({ "outage": "unavailable" })).await;
    let waiting = order();
    shop.request(&waiting).await;
    eventually("the try has failed", || async {
        let failed = shop
            .count("select count(*) from payment where failures = 1")
            .await;
        (failed == 1).then_some(())
    })
    .await;
    shop.psp.knobs(json!({})).await;
    let admin = shop.admin();
    let retry = |order: &Order| format!("/api/payments/{}/retry", order.id);
    admin.post(&retry(&waiting), &json!({})).await.expect(202);
    shop.until(&waiting, "CAPTURED").await;
    let cancelled = order();
    shop.cancel(&cancelled).await;
    shop.until(&cancelled, "CANCELLED").await;
    for ended in [&waiting, &cancelled] {
        admin
            .post(&retry(ended), &json!({}))
            .await
            .expect_problem(409, "payment-ended");
    }
    admin
        .post(&retry(&order()), &json!({}))
        .await
        .expect_problem(404, "not-found");
    admin
        .post("/api/payments/nothing/retry", &json!({}))
        .await
        .expect_problem(404, "not-found");
    assert_eq!(shop.psp.ledger().await.len(), 1);
}

#[tokio::test]
async fn replaying_a_declined_payment_says_it_again_and_charges_nothing() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({})).await;
    let (by_dead_letter, by_hand) = (Order::by(DECLINED), Order::by(DECLINED));
    for order in [&by_dead_letter, &by_hand] {
        shop.request(order).await;
        shop.until(order, "DECLINED").await;
    }
    shop.nats.messages("PAYMENTS", 4).await;
    let sent = shop.psp.intents().await.len();
    let open = "select count(*) from dead_letter where replayed_at is null";
    assert_eq!(shop.count(open).await, 2);
    shop.run(
        "update dead_letter set replay_requested_at = now() where event_id = (select id from payment where order_id = $1)",
        &by_dead_letter,
    )
    .await;
    eventually("the dead letter is closed", || async {
        (shop.count(open).await == 1).then_some(())
    })
    .await;
    let path = format!("/api/payments/{}/retry", by_hand.id);
    shop.admin().post(&path, &json!({})).await.expect(202);
    assert_eq!(shop.count(open).await, 0);
    shop.admin()
        .post(&path, &json!({}))
        .await
        .expect_problem(409, "payment-ended");
    eventually("it was said again", || async {
        let unsent = shop
            .count("select count(*) from outbox where stream_seq is null")
            .await;
        (unsent == 0).then_some(())
    })
    .await;
    for order in [&by_dead_letter, &by_hand] {
        assert_eq!(shop.said(order).await, ["started", "declined"]);
        assert_eq!(shop.state(order).await.as_deref(), Some("DECLINED"));
    }
    assert_eq!(shop.psp.intents().await.len(), sent, "nothing was sent");
}
