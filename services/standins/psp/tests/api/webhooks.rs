//! Webhooks: signed, repeated until heard, and everything that can go wrong with them.

use std::{
    collections::HashSet,
    time::{Duration, Instant, SystemTime},
};

use psp::MIGRATOR;
use serde_json::{Value, json};
use testkit::{TestDatabase, eventually};

use crate::app::{Calls, Delivery, Receiver, TestApp};

fn ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries
        .iter()
        .map(|delivery| delivery.event["id"].as_str().unwrap().to_owned())
        .collect()
}

fn age(delivery: &Delivery) -> i64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    i64::try_from(now).unwrap() - delivery.signed_at
}

async fn all_told(app: &Calls, number: u64) {
    eventually("all events are told", || async {
        let statistics = app
            .anybody
            .get("/_simulator/statistics")
            .await
            .expect(200)
            .json();
        (statistics["webhooks"]["delivered"] == number && statistics["webhooks"]["pending"] == 0)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_event_is_told_with_a_signature_that_fits() {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(&receiver).await;
    let intent = app.paid().await;
    app.post("/v1/refunds", &[("payment_intent", &intent)])
        .await
        .expect(200);
    app.pay("pm_card_chargeDeclined", None).await.expect(402);
    let made = app
        .post(
            "/v1/payment_intents",
            &[("amount", "1"), ("currency", "eur")],
        )
        .await
        .expect(200)
        .json();
    app.post(
        &format!(
            "/v1/payment_intents/{}/cancel",
            made["id"].as_str().unwrap()
        ),
        &[],
    )
    .await
    .expect(200);
    let deliveries = receiver.received(5).await;
    let kinds: HashSet<_> = deliveries
        .iter()
        .map(|delivery| delivery.event["type"].as_str().unwrap())
        .collect();
    let expected = [
        "charge.refunded",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "refund.updated",
    ];
    assert_eq!(kinds, HashSet::from(expected));
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.is_genuine && age(delivery) < 60)
    );
    all_told(&app, 5).await;
    assert_eq!(receiver.deliveries().len(), 5, "each is told once");
    let event = &deliveries[0].event;
    let stored = app
        .shop
        .get(&format!("/v1/events/{}", event["id"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&stored["data"], &stored["pending_webhooks"]),
        (&event["data"], &json!(0))
    );
}

#[tokio::test]
async fn an_event_is_told_again_until_it_is_heard() {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(&receiver).await;
    app.set_knobs(json!({ "webhooks": { "retryMs": 10 } }))
        .await
        .expect(200);
    receiver.refuse(3);
    app.paid().await;
    let deliveries = receiver.received(4).await;
    assert_eq!(
        ids(&deliveries).into_iter().collect::<HashSet<_>>().len(),
        1
    );
    all_told(&app, 1).await;
    assert_eq!(receiver.deliveries().len(), 4);
}

#[tokio::test]
async fn an_event_may_be_told_twice() {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(&receiver).await;
    app.set_knobs(json!({ "webhooks": { "duplicate": true } }))
        .await
        .expect(200);
    app.paid().await;
    let deliveries = receiver.received(2).await;
    assert_eq!(deliveries[0].event, deliveries[1].event);
    all_told(&app, 1).await;
    assert_eq!(app.happened("webhookDuplicated").await, 1);
}

#[tokio::test]
async fn an_event_may_come_late_or_be_held_back_altogether() {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(&receiver).await;
    app.set_knobs(json!({ "webhooks": { "delayMs": 500 } }))
        .await
        .expect(200);
    let started = Instant::now();
    app.paid().await;
    receiver.received(1).await;
    assert!(started.elapsed() >= Duration::from_millis(500));
    assert_eq!(app.happened("webhookDelayed").await, 1);

    app.set_knobs(json!({ "webhooks": { "enabled": false } }))
        .await
        .expect(200);
    app.paid().await;
    let statistics = app
        .anybody
        .get("/_simulator/statistics")
        .await
        .expect(200)
        .json();
    assert_eq!(statistics["webhooks"]["pending"], 1);
    app.set_knobs(json!({})).await.expect(200);
    receiver.received(2).await;
}

#[tokio::test]
async fn later_events_may_overtake() {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(&receiver).await;
    app.set_knobs(json!({ "webhooks": { "outOfOrder": 1 } }))
        .await
        .expect(200);
    let mut paid = Vec::new();
    for _ in 0..10 {
        paid.push(app.paid().await);
    }
    let deliveries = receiver.received(10).await;
    let told: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            delivery.event["data"]["object"]["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_ne!(told, paid);
    assert_eq!(told.iter().collect::<HashSet<_>>(), paid.iter().collect());
    assert_eq!(app.happened("webhookOutOfOrder").await, 10);
}

#[tokio::test]
async fn a_signature_may_be_wrong_or_old() {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(&receiver).await;
    app.set_knobs(json!({ "webhooks": { "wrongSignature": true } }))
        .await
        .expect(200);
    app.paid().await;
    let forged = receiver.received(1).await;
    assert!(!forged[0].is_genuine);
    all_told(&app, 1).await;
    app.set_knobs(json!({ "webhooks": { "oldTimestamp": true } }))
        .await
        .expect(200);
    app.paid().await;
    let old = receiver.received(2).await;
    assert!(old[1].is_genuine);
    assert!(age(&old[1]) >= 3_600, "{old:?}");
    assert_eq!(
        (
            app.happened("webhookWrongSignature").await,
            app.happened("webhookOldTimestamp").await
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn what_was_not_told_is_told_by_the_next_process() {
    let receiver = Receiver::start().await;
    let database = TestDatabase::new(&MIGRATOR).await;
    let app = TestApp::on(database.clone(), Some(receiver.url.clone())).await;
    app.set_knobs(json!({ "webhooks": { "enabled": false } }))
        .await
        .expect(200);
    let intent = app.paid().await;
    drop(app);
    let app = TestApp::on(database, Some(receiver.url.clone())).await;
    app.set_knobs(Value::Object(serde_json::Map::new()))
        .await
        .expect(200);
    let told = receiver.received(1).await;
    assert_eq!(told[0].event["data"]["object"]["id"], intent);
}
