//! A provider that fails in every way that providers fail. The money is counted in its own ledger.

use futures::future::join_all;
use serde_json::json;
use testkit::eventually;

use crate::app::{Order, Shop, order};

#[tokio::test]
async fn a_charge_whose_answer_is_dropped_is_made_once() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "dropAnswerRate": 1 })).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.psp.charges(&order).await, 1);
    assert_eq!(shop.psp.happened("answerDropped").await, 1);
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_500_after_the_effect_that_the_key_repeats_for_ever_is_looked_up() {
    let shop = Shop::open().await;
    shop.psp
        .knobs(json!({ "errorRateAfterApply": 1, "keepErrorAfterApply": true }))
        .await;
    let (paid, declined) = (order(), Order::by("pm_card_chargeDeclined"));
    shop.request(&paid).await;
    shop.until(&paid, "CAPTURED").await;
    shop.request(&declined).await;
    shop.until(&declined, "DECLINED").await;
    assert_eq!(shop.psp.charges(&paid).await, 1);
    assert_eq!(
        shop.psp.intents().await.len(),
        1 + 3,
        "one intent for each key"
    );
    shop.refund(&paid, 1_000).await;
    shop.until(&paid, "REFUNDED").await;
    assert_eq!(shop.psp.refunds(&paid).await, (1, 1_000));
    shop.books_agree().await;
}

#[tokio::test]
async fn a_500_before_the_effect_and_a_429_are_only_delays() {
    let shop = Shop::open().await;
    for knobs in [
        json!({ "errorRateBeforeApply": 0.6 }),
        json!({ "rateLimitRate": 0.6 }),
    ] {
        shop.psp.knobs(knobs).await;
        let orders: Vec<Order> = (0..12).map(|_| order()).collect();
        join_all(orders.iter().map(|order| shop.request(order))).await;
        for order in &orders {
            shop.until(order, "CAPTURED").await;
            assert_eq!(shop.psp.charges(order).await, 1);
        }
    }
    assert!(shop.psp.happened("errorBeforeApply").await > 0);
    assert!(shop.psp.happened("rateLimited").await > 0);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_provider_that_is_too_slow_is_left_alone_and_charges_once_when_it_heals() {
    let shop = Shop::open_with(|config| config.provider.timeout_ms = 300).await;
    shop.psp.knobs(json!({ "latencyMs": 1_500 })).await;
    let orders: Vec<Order> = (0..8).map(|_| order()).collect();
    join_all(orders.iter().map(|order| shop.request(order))).await;
    eventually("the breaker opens", || async {
        (shop.metric("circuit_breaker_state{target=\"psp\"}").await? > 0.0).then_some(())
    })
    .await;
    let late = order();
    shop.request(&late).await;
    shop.psp.knobs(json!({})).await;
    for order in orders.iter().chain([&late]) {
        shop.until(order, "CAPTURED").await;
        assert_eq!(shop.psp.charges(order).await, 1);
        assert_eq!(shop.said(order).await, ["started", "captured"]);
    }
    eventually("the breaker closes", || async {
        (shop.metric("circuit_breaker_state{target=\"psp\"}").await? < 1.0).then_some(())
    })
    .await;
    shop.books_agree().await;
}

#[tokio::test]
async fn in_an_outage_payments_wait_the_provider_is_hardly_asked_and_all_is_charged_once_after_it()
{
    for outage in ["unavailable", "closed"] {
        let shop = Shop::open_with(|config| config.provider.breaker_open_ms = 500).await;
        shop.psp.knobs(json!({ "outage": outage })).await;
        let orders: Vec<Order> = (0..30).map(|_| order()).collect();
        join_all(orders.iter().map(|order| shop.request(order))).await;
        let target = "circuit_breaker_state{target=\"psp\"}";
        eventually("the breaker opens", || async {
            (shop.metric(target).await? > 1.0).then_some(())
        })
        .await;
        let asked = shop.psp.happened("outage").await;
        eventually("it was asked a few more times", || async {
            (shop.psp.happened("outage").await >= asked + 3).then_some(())
        })
        .await;
        let all_asked = shop.psp.happened("outage").await;
        assert!(
            all_asked < 30,
            "asked {all_asked} times in about two seconds with 30 payments waiting"
        );
        shop.psp.knobs(json!({})).await;
        for order in &orders {
            shop.until(order, "CAPTURED").await;
        }
        assert_eq!(shop.psp.ledger().await.len(), 30, "{outage}");
        shop.books_agree().await;
    }
}

#[tokio::test]
async fn calls_stay_within_the_rate_that_is_configured() {
    let shop =
        Shop::open_with(|config| config.provider.calls_per_second = 20.try_into().unwrap()).await;
    shop.psp.knobs(json!({})).await;
    let orders: Vec<Order> = (0..45).map(|_| order()).collect();
    let started = std::time::Instant::now();
    join_all(orders.iter().map(|order| shop.request(order))).await;
    for order in &orders {
        shop.until(order, "CAPTURED").await;
    }
    // A burst of five, then twenty a second.
    let took = started.elapsed().as_secs_f64();
    assert!(took > 1.9, "45 calls at 20 a second took {took} s");
    assert_eq!(shop.psp.ledger().await.len(), 45);
}

#[tokio::test]
async fn everything_at_once_and_every_payment_is_charged_once_or_not_at_all() {
    let mut shop = Shop::open_with(|config| config.timing.reconcile_every_ms = 500).await;
    shop.start_with(|config| config.timing.reconcile_every_ms = 500)
        .await;
    let knobs = json!({
        "declineRate": 0.3, "errorRateBeforeApply": 0.1, "errorRateAfterApply": 0.15, "dropAnswerRate": 0.15,
        "rateLimitRate": 0.1, "latencyJitterMs": 100, "seed": 11,
        "webhooks": { "duplicate": 0.3, "outOfOrder": 0.3, "wrongSignature": 0.2, "oldTimestamp": 0.2, "retryMs": 100 }
    });
    shop.psp.knobs(knobs).await;
    let orders: Vec<Order> = (0..60).map(|_| Order::by("pm_card_random")).collect();
    for (number, order) in orders.iter().enumerate() {
        shop.request(order).await;
        if number % 5 == 0 {
            shop.cancel(order).await;
        }
    }
    eventually("every payment has ended", || async {
        let ended = shop
            .count(
                "select count(*) from payment where state in ('CAPTURED', 'DECLINED', 'CANCELLED')",
            )
            .await;
        (ended == 60).then_some(())
    })
    .await;
    let mut paid = 0;
    for order in &orders {
        let (charges, said) = (shop.psp.charges(order).await, shop.said(order).await);
        let is_captured = said.last().map(String::as_str) == Some("captured");
        assert_eq!(charges, usize::from(is_captured), "{said:?}");
        paid += charges;
    }
    assert!(paid > 10, "{paid}");
    for fault in [
        "declined",
        "errorBeforeApply",
        "errorAfterApply",
        "answerDropped",
        "rateLimited",
        "webhookWrongSignature",
    ] {
        assert!(shop.psp.happened(fault).await > 0, "{fault} never happened");
    }
    shop.books_agree().await;
}
