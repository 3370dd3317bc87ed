//! The broker: away, forgetful, repeating itself, and talking nonsense.

use contracts::{
    Event as _,
    payments::{PaymentCaptured, PaymentStarted},
};
use futures::future::join_all;
use serde_json::json;
use testkit::eventually;
use uuid::Uuid;

use crate::app::{TestApp, capture, id, path, payment, wish};

#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let event = capture(&order);
    let event_id = app.tell("PAYMENTS", &event).await;
    app.wait_for(&order, |order| order["stock"] == "COMMITTED")
        .await;
    let before = app.stored().await;
    // The very same message, and the same said under another id.
    app.nats.tell("PAYMENTS", event_id, &event).await;
    app.wait_until_heard("orders_payment_captured", "duplicate", 1)
        .await;
    app.tell("PAYMENTS", &event).await;
    app.wait_until_heard("orders_payment_captured", "handled", 2)
        .await;
    assert_eq!(app.stored().await, before);
    assert_eq!(app.number("select count(*) from dead_letter").await, 0);
}

#[tokio::test]
async fn a_refund_that_is_told_twice_counts_once() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    let body = json!({ "amount": 10, "reason": "a scratch" });
    let refund = app
        .admin
        .post(&format!("{}/refunds", path(&order)), &body)
        .await
        .expect(201)
        .json();
    for _ in 0..3 {
        app.refunded(&order, &refund, 1_000).await;
    }
    app.wait_until_heard("orders_payment_refunded", "handled", 3)
        .await;
    assert_eq!(app.get(&order).await["refunded"]["amount"], "10.00");
}

#[tokio::test]
async fn a_stream_replayed_from_its_start_leaves_every_table_unchanged() {
    let app = TestApp::start().await;
    let product = app.product(20).await;
    app.paid_order(&product, 1).await;
    let declined = app.order(&product, 1).await;
    app.declined(&declined).await;
    app.wait_for_state(&declined, "FAILED").await;
    let late = app.order(&product, 1).await;
    app.customer
        .post(&format!("{}/cancel", path(&late)), &json!({}))
        .await
        .expect(200);
    app.captured(&late).await;
    let refund = app.refund_of(&late).await;
    app.refunded(&late, &refund, 1_250).await;
    app.wait_for_state(&late, "REFUNDED").await;
    let heard = app.number("select count(*) from inbox").await;
    let before = app.stored().await;
    // The broker forgets how far each consumer has read: all of it comes once more.
    let client = async_nats::connect(app.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let consumers = [
        ("PAYMENTS", "orders_payment_captured"),
        ("PAYMENTS", "orders_payment_declined"),
        ("PAYMENTS", "orders_payment_refunded"),
        ("INVENTORY", "orders_stock_committed"),
        ("INVENTORY", "orders_stock_released"),
    ];
    for (stream, consumer) in consumers {
        let stream = jetstream.get_stream(stream).await.unwrap();
        stream.delete_consumer(consumer).await.unwrap();
    }
    for (_, consumer) in consumers {
        app.wait_until_heard(consumer, "duplicate", 1).await;
    }
    app.wait_until_heard("orders_stock_released", "duplicate", 2)
        .await;
    app.wait_until_heard("orders_payment_captured", "duplicate", 2)
        .await;
    assert_eq!(app.stored().await, before);
    assert_eq!(app.number("select count(*) from inbox").await, heard);
}

#[tokio::test]
async fn while_the_broker_is_stopped_orders_are_placed_and_everything_follows() {
    let mut app = TestApp::start().await;
    let product = app.product(50).await;
    app.order(&product, 1).await;
    app.nats.messages("ORDERS", 2).await;
    app.nats.kill();
    let body = wish(&product, 1);
    let answers = join_all((0..20).map(|_| app.customer.post("/api/orders", &body))).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    app.anonymous.get("/readyz").await.expect(200);
    app.nats.resume();
    let messages = app.nats.messages("ORDERS", 42).await;
    let placed = messages
        .iter()
        .filter(|(subject, _)| subject == "shop.orders.order_placed.v1");
    assert_eq!(placed.count(), 21);
    eventually("every event is marked as sent", || async {
        (app.number("select count(*) from outbox where stream_seq is null")
            .await
            == 0)
            .then_some(())
    })
    .await;
    // And the saga goes on.
    let order = answers[0].json();
    app.captured(&order).await;
    app.wait_for(&order, |order| order["stock"] == "COMMITTED")
        .await;
}

#[tokio::test]
async fn a_broker_without_memory_is_told_everything_again() {
    let mut app = TestApp::start().await;
    let product = app.product(50).await;
    let order = app.paid_order(&product, 1).await;
    app.nats.messages("ORDERS", 4).await;
    app.nats.kill();
    app.nats.forget();
    let second = app.order(&product, 1).await;
    app.nats.resume();
    let messages = app.nats.messages("ORDERS", 6).await;
    let of = |order: &serde_json::Value| {
        messages
            .iter()
            .filter(|(_, envelope)| envelope["subject"] == order["id"])
            .count()
    };
    assert_eq!((of(&order), of(&second)), (4, 2));
    assert_eq!(app.get(&order).await["state"], "PAID");
}

#[tokio::test]
async fn a_poison_message_among_good_ones_becomes_a_dead_letter_and_holds_nobody_up() {
    let app = TestApp::start().await;
    let product = app.product(50).await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        orders.push(app.order(&product, 1).await);
    }
    let subject = PaymentCaptured::subject();
    for (number, order) in orders.iter().enumerate() {
        if number == 2 {
            app.nats
                .publish("PAYMENTS", subject.clone(), b"{ nonsense".to_vec())
                .await;
        }
        if number == 3 {
            // Of nobody's order, and of another amount.
            let mut unknown = capture(order);
            unknown.order_id = contracts::OrderId(Uuid::new_v4());
            app.tell("PAYMENTS", &unknown).await;
            let mut wrong = capture(order);
            wrong.amount.minor += 1;
            app.tell("PAYMENTS", &wrong).await;
        }
        app.captured(order).await;
    }
    for order in &orders {
        app.wait_for(order, |order| order["state"] == "PAID").await;
    }
    app.wait_until_heard("orders_payment_captured", "dead", 3)
        .await;
    let mut connection = app.database.connect().await;
    let reasons: Vec<String> = sqlx::query_scalar("select reason from dead_letter order by id")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("not an envelope")),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("no such order")),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("another amount")),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn many_events_at_once_leave_every_order_paid_and_every_history_whole() {
    let app = TestApp::start().await;
    let product = app.product(400).await;
    let body = wish(&product, 1);
    let mut orders = Vec::new();
    for _ in 0..10 {
        let answers = join_all((0..20).map(|_| app.customer.post("/api/orders", &body))).await;
        orders.extend(answers.into_iter().map(|answer| answer.expect(201).json()));
    }
    join_all(orders.iter().map(|order| async {
        let started = PaymentStarted {
            payment_id: payment(order),
            version: 1,
            order_id: id(order),
        };
        app.tell("PAYMENTS", &started).await;
        app.captured(order).await;
    }))
    .await;
    eventually("all are paid", || async {
        let paid = app
            .number("select count(*) from orders where state = 'PAID' and stock = 'COMMITTED'")
            .await;
        (paid == 200).then_some(())
    })
    .await;
    assert_eq!(
        app.number("select count(*) from orders where version <> 3")
            .await,
        0
    );
    assert_eq!(app.number("select count(*) from dead_letter").await, 0);
    let broken = "select count(*) from (
        select order_id from order_history group by order_id
        having count(*) <> max(version) or min(version) <> 1
    ) as gaps";
    assert_eq!(app.number(broken).await, 0, "every history is contiguous");
}
