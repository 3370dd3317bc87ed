//! Money that goes back: in part, in full, never more than came, and never twice.

use contracts::{Currency, Money, RefundId, orders::RefundRequested};
use futures::future::join_all;
use serde_json::json;
use testkit::eventually;
use uuid::Uuid;

use crate::app::{DECLINED, Order, Shop, order};

#[tokio::test]
async fn parts_go_back_until_nothing_is_left() {
    let shop = Shop::open().await;
    let order = shop.paid().await;
    shop.refund(&order, 300).await;
    shop.until_said(&order, "refunded").await;
    shop.until(&order, "CAPTURED").await;
    shop.refund(&order, 700).await;
    shop.until(&order, "REFUNDED").await;
    assert_eq!(
        shop.said(&order).await,
        ["started", "captured", "refunded", "refunded"]
    );
    assert_eq!(shop.psp.refunds(&order).await, (2, 1_000));
    let messages = shop.nats.messages("PAYMENTS", 4).await;
    let totals: Vec<_> = messages[2..]
        .iter()
        .map(|(_, message)| message["data"]["refundedTotal"]["amount"].clone())
        .collect();
    assert_eq!(totals, ["3.00", "10.00"]);
    let seen = shop
        .admin()
        .get(&format!("/api/payments/{}", order.id))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &seen["refunded"]["amount"],
            seen["refunds"].as_array().unwrap().len()
        ),
        (&json!("10.00"), 2)
    );
    shop.books_agree().await;
}

#[tokio::test]
async fn refunds_that_race_never_give_back_more_than_came() {
    let mut shop = Shop::open().await;
    shop.start_with(|_| {}).await;
    shop.psp
        .knobs(json!({ "latencyJitterMs": 50, "dropAnswerRate": 0.3, "seed": 5 }))
        .await;
    let order = shop.paid().await;
    join_all((0..10).map(|_| shop.refund(&order, 300))).await;
    eventually("every refund is answered", || async {
        (shop.said(&order).await.len() == 12).then_some(())
    })
    .await;
    let said = shop.said(&order).await;
    let times = |event: &str| said.iter().filter(|said| *said == event).count();
    assert_eq!(
        (times("refunded"), times("refund_failed")),
        (3, 7),
        "{said:?}"
    );
    assert_eq!(shop.psp.refunds(&order).await, (3, 900));
    assert_eq!(shop.state(&order).await.as_deref(), Some("CAPTURED"));
    shop.books_agree().await;
}

#[tokio::test]
async fn a_refund_that_is_asked_for_twice_is_made_once() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "dropAnswerRate": 1 })).await;
    let order = shop.paid().await;
    let event = RefundRequested {
        order_id: order.id,
        version: 4,
        refund_id: RefundId(Uuid::new_v4()),
        amount: Money::from_minor(400, Currency::Eur),
        reason: "x".to_owned(),
    };
    for _ in 0..3 {
        shop.nats.tell("ORDERS", Uuid::now_v7(), &event).await;
    }
    shop.until_said(&order, "refunded").await;
    let other = RefundRequested {
        amount: Money::from_minor(500, Currency::Eur),
        ..event
    };
    shop.nats.tell("ORDERS", Uuid::now_v7(), &other).await;
    eventually("another refund under the same id is put aside", || async {
        let dead = shop
            .count("select count(*) from dead_letter where consumer = 'payments_refund_requested'")
            .await;
        (dead == 1).then_some(())
    })
    .await;
    assert_eq!(shop.psp.refunds(&order).await, (1, 400));
    assert_eq!(shop.said(&order).await, ["started", "captured", "refunded"]);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_refund_of_what_was_never_charged_is_answered() {
    let shop = Shop::open().await;
    let (declined, cancelled) = (Order::by(DECLINED), order());
    shop.request(&declined).await;
    shop.until(&declined, "DECLINED").await;
    shop.cancel(&cancelled).await;
    shop.until(&cancelled, "CANCELLED").await;
    for order in [&declined, &cancelled] {
        shop.refund(order, 1).await;
        shop.until_said(order, "refund_failed").await;
    }
    assert!(shop.psp.ledger().await.is_empty());
}

/// A payment of which somebody has given half back by hand, so that the provider refuses the refund of 600 that is asked for.
async fn refused(shop: &Shop) -> Order {
    let order = shop.paid().await;
    let intent = shop.psp.intents().await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let form = [("payment_intent", intent.as_str()), ("amount", "500")];
    shop.psp.by_hand("/v1/refunds", &form).await;
    shop.refund(&order, 600).await;
    shop.until_said(&order, "refund_failed").await;
    shop.until(&order, "MANUAL").await;
    order
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_for_a_person() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({})).await;
    let order = refused(&shop).await;
    let path = format!("/api/payments/{}", order.id);
    let seen = shop.admin().get(&path).await.expect(200).json();
    assert_eq!(seen["trouble"], "REFUND_FAILED");
    let failure = seen["refunds"][0]["failure"].as_str().unwrap();
    assert!(
        failure.contains("greater than unrefunded amount"),
        "{failure}"
    );
    eventually("it is counted", || async {
        let manual = shop.metric("shop_payment_manual").await;
        manual.filter(|manual| *manual >= 1.0)
    })
    .await;
    // Trying again asks the provider again, which refuses it again.
    let retry = format!("{path}/retry");
    shop.admin().post(&retry, &json!({})).await.expect(202);
    eventually("it was refused once more", || async {
        let said = shop.said(&order).await;
        let refusals = said.iter().filter(|said| *said == "refund_failed");
        (refusals.count() == 2).then_some(())
    })
    .await;
    assert_eq!(shop.psp.refunds(&order).await, (1, 500));
}

#[tokio::test]
async fn a_refund_that_a_person_made_by_hand_in_our_name_is_found_and_not_made_twice() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({})).await;
    let order = shop.paid().await;
    let intent = shop.psp.intents().await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let refund = RefundId(Uuid::new_v4()).to_string();
    let event = RefundRequested {
        order_id: order.id,
        version: 4,
        refund_id: refund.parse().unwrap(),
        amount: Money::from_minor(600, Currency::Eur),
        reason: "x".to_owned(),
    };
    let form = [
        ("payment_intent", intent.as_str()),
        ("amount", "600"),
        ("metadata[refund_id]", refund.as_str()),
    ];
    shop.psp.by_hand("/v1/refunds", &form).await;
    // Our own request is refused, as less than that is left; and then what the person did is found.
    shop.nats.tell("ORDERS", Uuid::now_v7(), &event).await;
    shop.until_said(&order, "refunded").await;
    assert_eq!(shop.psp.refunds(&order).await, (1, 600));
    assert_eq!(shop.said(&order).await, ["started", "captured", "refunded"]);
    shop.books_agree().await;
}
