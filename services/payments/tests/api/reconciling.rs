//! The comparison with the provider's books: what was lost on the way, and what should not be.

use serde_json::json;
use testkit::eventually;

use crate::app::{Order, Shop, VISA, order};

async fn comparing() -> Shop {
    let change = |config: &mut payments::ServeConfig| {
        config.timing.reconcile_every_ms = 100;
        // So long a pause that no second try can be what mends it.
        config.timing.retry_pauses_ms = "600000".parse().unwrap();
    };
    let shop = Shop::open_with(change).await;
    shop.psp.knobs(json!({})).await;
    shop
}

async fn payment_id(shop: &Shop, order: &Order) -> String {
    let mut connection = shop.connection().await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from payment where order_id = $1")
        .bind(order.id.0)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    id.to_string()
}

/// A charge that the service did not make.
async fn charge_by_hand(shop: &Shop, order: &Order, minor: &str) {
    let (payment, order) = (payment_id(shop, order).await, order.id.to_string());
    let form = [
        ("amount", minor),
        ("currency", "eur"),
        ("payment_method", VISA),
        ("confirm", "true"),
        ("metadata[payment_id]", payment.as_str()),
        ("metadata[order_id]", order.as_str()),
        ("metadata[attempt]", "1"),
    ];
    shop.psp.by_hand("/v1/payment_intents", &form).await;
}

#[tokio::test]
async fn a_charge_and_a_decline_whose_answers_and_webhooks_were_lost_are_found() {
    let shop = comparing().await;
    shop.psp.knobs(json!({ "dropAnswerRate": 1 })).await;
    let (paid, declined) = (order(), Order::by("pm_card_chargeDeclined"));
    shop.request(&paid).await;
    shop.until(&paid, "CAPTURED").await;
    assert_eq!(shop.said(&paid).await, ["started", "captured"]);
    shop.request(&declined).await;
    shop.until(&declined, "DECLINED").await;
    assert_eq!(shop.psp.intents().await.len(), 4);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_charge_of_a_payment_that_had_ended_is_given_back_and_nobody_is_told() {
    let shop = comparing().await;
    let (cancelled, paid) = (order(), shop.paid().await);
    shop.cancel(&cancelled).await;
    shop.until(&cancelled, "CANCELLED").await;
    for order in [&cancelled, &paid] {
        charge_by_hand(&shop, order, "1000").await;
        eventually("the stray charge went back", || async {
            (shop.psp.refunds(order).await == (1, 1_000)).then_some(())
        })
        .await;
    }
    eventually("our books know it", || async {
        let noted = shop.count("select count(*) from money_ledger").await;
        (noted == 5).then_some(())
    })
    .await;
    assert_eq!(shop.said(&cancelled).await, ["cancelled"]);
    assert_eq!(shop.said(&paid).await, ["started", "captured"]);
    assert_eq!(
        shop.state(&paid).await.as_deref(),
        Some("CAPTURED"),
        "its own charge stays"
    );
    assert_eq!(
        shop.metric("payments_stray_charges_total{kind=\"returned\"}")
            .await,
        Some(2.0)
    );
    shop.books_agree().await;
}

#[tokio::test]
async fn a_charge_that_the_provider_does_not_know_is_for_a_person() {
    let shop = comparing().await;
    let order = shop.paid().await;
    shop.psp
        .client
        .post("/_simulator/reset", &json!({}))
        .await
        .expect(200);
    shop.until(&order, "MANUAL").await;
    let seen = shop
        .admin()
        .get("/api/payments?state=MANUAL")
        .await
        .expect(200)
        .json();
    assert_eq!(seen["items"][0]["trouble"], "BOOKS_DIFFER");
    eventually("it is counted", || async {
        shop.metric("shop_payment_manual")
            .await
            .filter(|manual| *manual >= 1.0)
    })
    .await;
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
}

#[tokio::test]
async fn a_refund_that_we_know_nothing_of_is_for_a_person() {
    let shop = comparing().await;
    let order = shop.paid().await;
    let intent = shop.psp.intents().await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.psp
        .by_hand(
            "/v1/refunds",
            &[("payment_intent", &intent), ("amount", "1")],
        )
        .await;
    shop.until(&order, "MANUAL").await;
}

#[tokio::test]
async fn a_charge_of_another_amount_is_for_a_person_and_nobody_is_told_that_it_is_paid() {
    let shop = comparing().await;
    shop.psp.knobs(json!({ "outage": "unavailable" })).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    shop.psp.knobs(json!({})).await;
    charge_by_hand(&shop, &order, "999").await;
    shop.until(&order, "MANUAL").await;
    assert_eq!(shop.said(&order).await, ["started"]);
    let seen = shop
        .admin()
        .get(&format!("/api/payments/{}", order.id))
        .await
        .expect(200)
        .json();
    assert_eq!(seen["trouble"], "WRONG_AMOUNT");
    shop.books_agree().await;
}

#[tokio::test]
async fn a_charge_of_a_payment_that_is_not_known_is_counted_and_left_alone() {
    let shop = comparing().await;
    let paid = shop.paid().await;
    let (payment, order) = (
        uuid::Uuid::new_v4().to_string(),
        uuid::Uuid::new_v4().to_string(),
    );
    let form = [
        ("amount", "500"),
        ("currency", "eur"),
        ("payment_method", VISA),
        ("confirm", "true"),
        ("metadata[payment_id]", payment.as_str()),
        ("metadata[order_id]", order.as_str()),
    ];
    shop.psp.by_hand("/v1/payment_intents", &form).await;
    eventually("it is counted", || async {
        shop.metric("payments_stray_charges_total{kind=\"unknown\"}")
            .await
            .filter(|unknown| *unknown >= 1.0)
    })
    .await;
    assert_eq!(shop.psp.ledger().await.len(), 2);
    assert_eq!(shop.state(&paid).await.as_deref(), Some("CAPTURED"));
}
