//! Events: from the transaction to the broker, whatever happens to the broker in between.

use serde_json::{Value, json};
use testkit::{Issuer, Nats};

use crate::app::{Setup, TestApp};

async fn app_on(nats: &Nats) -> TestApp {
    TestApp::with(
        Issuer::default(),
        Setup {
            nats_url: nats.url(),
            ..Setup::default()
        },
    )
    .await
}

async fn unsent(app: &TestApp) -> i64 {
    let mut connection = app.database.connect().await;
    sqlx::query_scalar("select count(*) from outbox where stream_seq is null")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

fn versions(messages: &[(String, Value)], product: &Value) -> Vec<i64> {
    let of_product = messages
        .iter()
        .filter(|(_, envelope)| envelope["subject"] == product["id"]);
    of_product
        .map(|(_, envelope)| envelope["aggregateversion"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn what_happens_to_a_product_arrives_in_order() {
    let nats = Nats::start();
    let app = app_on(&nats).await;
    let product = app.product("Laptop", json!({})).await;
    let path = format!("/api/products/{}", product["id"].as_str().unwrap());
    app.vendor
        .patch(&path, &json!({ "version": 1, "price": "999" }))
        .await
        .expect(200);
    app.vendor.delete(&path).await.expect(204);

    let messages = nats.messages("CATALOG", 3).await;
    let subjects: Vec<&str> = messages
        .iter()
        .map(|(subject, _)| subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        [
            "shop.catalog.product_created.v1",
            "shop.catalog.product_updated.v1",
            "shop.catalog.product_archived.v1"
        ]
    );
    assert_eq!(versions(&messages, &product), [1, 2, 3]);
    insta::assert_json_snapshot!(messages[0].1, {
        ".id" => "[id]", ".subject" => "[id]", ".time" => "[time]", ".causationid" => "[id]",
        ".traceparent" => "[trace]", ".data.productId" => "[id]", ".data.vendorId" => "[id]",
        ".data.variants[].variantId" => "[id]", ".data.variants[].sku" => "[sku]",
    });
}

#[tokio::test]
async fn while_the_broker_is_away_writes_succeed_and_their_events_follow() {
    let mut nats = Nats::start();
    let app = app_on(&nats).await;
    app.product("Before", json!({})).await;
    nats.messages("CATALOG", 1).await;

    nats.kill();
    for number in 0..5 {
        app.product(&format!("Meanwhile {number}"), json!({})).await;
    }
    let ready = testkit::eventually("the broker is noticed to be away", || async {
        let ready = app.anonymous.get("/readyz").await.expect(200).json();
        (ready["checks"][1]["ok"] == false).then_some(ready)
    });
    assert_eq!(
        ready.await["status"],
        "ready",
        "the shop works without its broker"
    );
    assert_eq!(unsent(&app).await, 5);

    nats.resume();
    let messages = nats.messages("CATALOG", 6).await;
    let names: Vec<&str> = messages
        .iter()
        .map(|(_, envelope)| envelope["data"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Before",
            "Meanwhile 0",
            "Meanwhile 1",
            "Meanwhile 2",
            "Meanwhile 3",
            "Meanwhile 4"
        ]
    );
    testkit::eventually("every event is marked as sent", || async {
        (unsent(&app).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_service_that_starts_without_its_broker_catches_up() {
    let mut nats = Nats::stopped();
    let app = app_on(&nats).await;
    let product = app.product("Laptop", json!({})).await;
    nats.resume();
    assert_eq!(versions(&nats.messages("CATALOG", 1).await, &product), [1]);
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_filled_again() {
    let nats = Nats::start();
    let app = app_on(&nats).await;
    let first = app.product("First", json!({})).await;
    nats.messages("CATALOG", 1).await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    async_nats::jetstream::new(client)
        .delete_stream("CATALOG")
        .await
        .unwrap();
    let second = app.product("Second", json!({})).await;
    let messages = nats.messages("CATALOG", 2).await;
    assert_eq!(versions(&messages, &first), [1]);
    assert_eq!(versions(&messages, &second), [1]);
}

#[tokio::test]
async fn a_broker_that_lost_its_directory_is_filled_again() {
    let mut nats = Nats::start();
    let app = app_on(&nats).await;
    let first = app.product("First", json!({})).await;
    nats.messages("CATALOG", 1).await;
    nats.kill();
    nats.forget();
    nats.resume();
    // Without any further event.
    let messages = nats.messages("CATALOG", 1).await;
    assert_eq!(versions(&messages, &first), [1]);
    let second = app.product("Second", json!({})).await;
    assert_eq!(versions(&nats.messages("CATALOG", 2).await, &second), [1]);
}

/// How many events the broker has acknowledged to this process.
async fn acknowledged(app: &TestApp) -> String {
    let scrape = app.anonymous.get("/metrics").await.expect(200);
    let text = String::from_utf8_lossy(&scrape.body).into_owned();
    let series = "outbox_published_total{outcome=\"acknowledged\"} ";
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn a_broker_that_was_only_started_again_is_sent_nothing_twice() {
    let mut nats = Nats::start();
    let app = app_on(&nats).await;
    app.product("Thing 0", json!({})).await;
    nats.messages("CATALOG", 1).await;
    // More than once: what a start changes, the next one may show.
    for number in 1..=3 {
        nats.kill();
        nats.resume();
        app.product(&format!("Thing {number}"), json!({})).await;
        nats.messages("CATALOG", number + 1).await;
    }
    testkit::eventually("every event is marked as sent", || async {
        (unsent(&app).await == 0).then_some(())
    })
    .await;
    assert_eq!(acknowledged(&app).await, "4");
}

#[tokio::test]
async fn two_replicas_send_each_event_once() {
    let nats = Nats::start();
    let first = app_on(&nats).await;
    let second = replica(&first, &nats).await;
    for number in 0..20 {
        first.product(&format!("Thing {number}"), json!({})).await;
    }
    let messages = nats.messages("CATALOG", 20).await;
    let ids: std::collections::BTreeSet<&str> = messages
        .iter()
        .map(|(_, envelope)| envelope["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 20);
    first.process.shutdown.cancel();
    // The leader is gone: the other one takes over.
    second
        .vendor
        .post("/api/products", &crate::app::laptop())
        .await
        .expect(201);
    nats.messages("CATALOG", 21).await;
}

/// Another process of the same service on the same database.
async fn replica(of: &TestApp, nats: &Nats) -> TestApp {
    TestApp::on(
        of.database.clone(),
        Issuer::default(),
        Setup {
            nats_url: nats.url(),
            ..Setup::default()
        },
    )
    .await
}

#[test]
fn an_event_that_counts_as_sent_too_early_is_found() {
    testkit::assert_found(&[(
        "mark_before_acknowledgement",
        "outbox::a_stream_that_was_deleted_is_filled_again",
    )]);
}
