//! Cancellations: in time, too late, too early, and while only the provider knows.

use serde_json::json;
use testkit::eventually;

use crate::app::{DECLINED, Order, Shop, order};

#[tokio::test]
async fn a_cancellation_that_races_with_the_charge_is_answered_with_the_truth() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "latencyMs": 700 })).await;
    let order = order();
    shop.request(&order).await;
    shop.until_said(&order, "started").await;
    // The request is on its way: whoever says now that nothing will be charged is wrong.
    shop.cancel(&order).await;
    eventually("the cancellation is noted", || async {
        let seen = shop
            .count("select count(*) from payment where cancel_requested")
            .await;
        (seen == 1).then_some(())
    })
    .await;
    eventually("the provider has charged", || async {
        (shop.psp.charges(&order).await == 1).then_some(())
    })
    .await;
    assert_ne!(
        shop.said(&order).await,
        ["started", "cancelled"],
        "it was said that nothing would be charged"
    );
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_cancellation_in_doubt_ends_a_payment_that_is_then_declined() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "latencyMs": 500 })).await;
    let order = Order::by(DECLINED);
    shop.request(&order).await;
    shop.until_said(&order, "started").await;
    shop.cancel(&order).await;
    shop.until(&order, "CANCELLED").await;
    assert_eq!(shop.said(&order).await, ["started", "cancelled"]);
    assert_eq!(
        shop.psp.intents().await.len(),
        1,
        "no second attempt was made"
    );
    assert!(shop.psp.ledger().await.is_empty());
}

#[tokio::test]
async fn a_cancellation_in_time_is_answered_and_nothing_is_ever_sent() {
    let shop = Shop::open_with(|config| config.provider.breaker_open_ms = 60_000).await;
    shop.psp.knobs(json!({ "outage": "unavailable" })).await;
    shop.request(&order()).await;
    eventually("the provider is left alone", || async {
        (shop.metric("circuit_breaker_state{target=\"psp\"}").await? > 1.0).then_some(())
    })
    .await;
    // Nobody sends anything now, so this one waits.
    let waiting = order();
    shop.request(&waiting).await;
    shop.until(&waiting, "PENDING").await;
    shop.cancel(&waiting).await;
    shop.until(&waiting, "CANCELLED").await;
    assert_eq!(shop.said(&waiting).await, ["cancelled"]);
}

#[tokio::test]
async fn a_cancellation_before_its_request_leaves_nothing_to_charge() {
    let shop = Shop::open().await;
    let order = order();
    shop.cancel(&order).await;
    shop.until_said(&order, "cancelled").await;
    shop.request(&order).await;
    eventually("the request was handled", || async {
        let filled = shop
            .count("select count(*) from payment where amount_minor is not null")
            .await;
        (filled == 1).then_some(())
    })
    .await;
    shop.cancel(&order).await;
    let later = shop.paid().await;
    assert_eq!(shop.state(&order).await.as_deref(), Some("CANCELLED"));
    assert_eq!(shop.said(&order).await, ["cancelled"]);
    assert_eq!(
        (
            shop.psp.charges(&order).await,
            shop.psp.charges(&later).await
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn a_cancellation_after_the_end_is_answered_by_what_was_said() {
    let shop = Shop::open().await;
    let paid = shop.paid().await;
    let declined = Order::by(DECLINED);
    shop.request(&declined).await;
    shop.until(&declined, "DECLINED").await;
    shop.cancel(&paid).await;
    shop.cancel(&declined).await;
    shop.until_said(&declined, "cancelled").await;
    shop.cancel(&declined).await;
    shop.paid().await;
    assert_eq!(shop.said(&paid).await, ["started", "captured"]);
    assert_eq!(
        shop.said(&declined).await,
        ["started", "declined", "cancelled"]
    );
    assert_eq!(shop.state(&declined).await.as_deref(), Some("DECLINED"));
}
