//! Messages that come twice, in the wrong order, all over again, or are no messages at all.

use async_nats::jetstream;
use contracts::{Currency, Event as _, Money, orders::PaymentRequested};
use serde_json::{Value, json};
use testkit::eventually;
use uuid::Uuid;

use crate::app::{DECLINED, Order, Shop, order};

/// Every table that means something, as one text.
async fn books(shop: &Shop) -> String {
    let mut connection = shop.connection().await;
    let mut text = String::new();
    for statement in [
        "select coalesce(json_agg(to_jsonb(t) order by t.id), '[]') from payment t",
        "select coalesce(json_agg(to_jsonb(t) order by t.id), '[]') from money_ledger t",
        "select coalesce(json_agg(to_jsonb(t) order by t.id), '[]') from refund t",
        "select coalesce(json_agg(to_jsonb(t) - 'stream_seq' order by t.id), '[]') from outbox t",
        "select coalesce(json_agg(to_jsonb(t) order by t.id), '[]') from dead_letter t",
    ] {
        let rows: Value = sqlx::query_scalar(statement)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        text.push_str(&rows.to_string());
    }
    text
}

async fn until_all_acknowledged(shop: &Shop) {
    let client = async_nats::connect(shop.nats.url()).await.unwrap();
    let stream = jetstream::new(client).get_stream("ORDERS").await.unwrap();
    let stream = &stream;
    for name in CONSUMERS {
        eventually("every message has been handled", || async move {
            let mut consumer: jetstream::consumer::PullConsumer =
                stream.get_consumer(name).await.ok()?;
            let info = consumer.info().await.ok()?;
            (info.num_pending == 0 && info.num_ack_pending == 0).then_some(())
        })
        .await;
    }
}

const CONSUMERS: [&str; 3] = [
    "payments_payment_requested",
    "payments_payment_cancel_requested",
    "payments_refund_requested",
];

#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let shop = Shop::open().await;
    let order = order();
    let event = shop.request(&order).await;
    shop.until(&order, "CAPTURED").await;
    shop.refund(&order, 400).await;
    shop.until_said(&order, "refunded").await;
    until_all_acknowledged(&shop).await;
    let before = books(&shop).await;
    // The same message again, and the same request under another id.
    shop.nats.tell("ORDERS", event, &order.requested()).await;
    shop.nats
        .tell("ORDERS", Uuid::now_v7(), &order.requested())
        .await;
    until_all_acknowledged(&shop).await;
    assert_eq!(books(&shop).await, before);
    assert_eq!(shop.psp.ledger().await.len(), 2);
    shop.books_agree().await;
}

#[tokio::test]
async fn the_whole_stream_once_more_changes_nothing_even_to_who_has_forgotten_what_was_seen() {
    let mut shop = Shop::open().await;
    shop.psp.knobs(json!({})).await;
    let paid = shop.paid().await;
    shop.refund(&paid, 300).await;
    shop.until_said(&paid, "refunded").await;
    let (declined, early) = (Order::by(DECLINED), order());
    shop.request(&declined).await;
    shop.until(&declined, "DECLINED").await;
    shop.cancel(&early).await;
    shop.until(&early, "CANCELLED").await;
    shop.request(&early).await;
    until_all_acknowledged(&shop).await;
    let (before, ledger) = (books(&shop).await, shop.psp.ledger().await);
    for forgetful in [false, true] {
        shop.stop().await;
        let client = async_nats::connect(shop.nats.url()).await.unwrap();
        let stream = jetstream::new(client).get_stream("ORDERS").await.unwrap();
        for name in CONSUMERS {
            stream.delete_consumer(name).await.unwrap();
        }
        if forgetful {
            shop.run("delete from inbox where $1::uuid is not null", &paid)
                .await;
        }
        shop.start_with(|_| {}).await;
        until_all_acknowledged(&shop).await;
        assert_eq!(books(&shop).await, before, "forgetful: {forgetful}");
        assert_eq!(shop.psp.ledger().await, ledger);
    }
}

#[tokio::test]
async fn a_poison_message_among_good_ones_is_put_aside_and_holds_up_nobody() {
    let shop = Shop::open().await;
    let (first, last) = (order(), order());
    let worthless = PaymentRequested {
        amount: Money::from_minor(0, Currency::Eur),
        ..order().requested()
    };
    shop.request(&first).await;
    let subject = PaymentRequested::subject();
    shop.nats
        .publish(
            "ORDERS",
            subject.clone(),
            b"{\"not\": \"an envelope\"}".to_vec(),
        )
        .await;
    shop.nats.tell("ORDERS", Uuid::now_v7(), &worthless).await;
    let contradiction = PaymentRequested {
        amount: Money::from_minor(1, Currency::Eur),
        ..first.requested()
    };
    shop.nats
        .tell("ORDERS", Uuid::now_v7(), &contradiction)
        .await;
    shop.request(&last).await;
    shop.until(&first, "CAPTURED").await;
    shop.until(&last, "CAPTURED").await;
    until_all_acknowledged(&shop).await;
    let mut connection = shop.connection().await;
    let reasons: Vec<String> = sqlx::query_scalar("select reason from dead_letter order by id")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    for expected in [
        "not an envelope",
        "the amount must be above zero",
        "another request cannot change it",
    ] {
        assert!(
            reasons.iter().any(|reason| reason.contains(expected)),
            "{expected}: {reasons:?}"
        );
    }
    assert_eq!(shop.psp.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_refund_before_its_charge_waits_for_it() {
    let shop = Shop::open().await;
    let order = order();
    shop.refund(&order, 1_000).await;
    shop.request(&order).await;
    shop.until(&order, "REFUNDED").await;
    assert_eq!(shop.said(&order).await, ["started", "captured", "refunded"]);
    shop.books_agree().await;
}
