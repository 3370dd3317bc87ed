//! One key, one effect, one answer.

use futures::future::join_all;
use serde_json::json;
use testkit::eventually;

use crate::app::{TestApp, error};

#[tokio::test]
async fn the_same_request_with_the_same_key_gets_the_same_answer() {
    let app = TestApp::start().await;
    let first = app.pay("pm_card_visa", Some("key-1")).await.expect(200);
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = app.pay("pm_card_visa", Some("key-1")).await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_eq!(again.body, first.body);
    assert_eq!(app.ledger().await.len(), 1);
    assert_eq!(app.ledger().await[0]["idempotencyKey"], "key-1");
    app.pay("pm_card_visa", Some("key-2")).await.expect(200);
    assert_eq!(app.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_decline_is_repeated_too() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "declineRate": 1 })).await.expect(200);
    let first = app.pay("pm_saved", Some("key")).await.expect(402);
    app.set_knobs(json!({ "declineRate": 0 })).await.expect(200);
    let again = app.pay("pm_saved", Some("key")).await.expect(402);
    assert_eq!(
        (again.header("idempotent-replayed"), &again.body),
        ("true", &first.body)
    );
    app.pay("pm_saved", Some("another key")).await.expect(200);
}

#[tokio::test]
async fn a_key_belongs_to_its_first_request() {
    let app = TestApp::start().await;
    let intent = app
        .pay("pm_card_visa", Some("key"))
        .await
        .expect(200)
        .json();
    let other_parameters = error(
        &app.pay("pm_card_amex", Some("key")).await,
        400,
        "idempotency_error",
    );
    assert!(
        other_parameters["message"]
            .as_str()
            .unwrap()
            .contains("same parameters")
    );
    let refund = [("payment_intent", intent["id"].as_str().unwrap())];
    let other_endpoint = error(
        &app.post_keyed("/v1/refunds", &refund, Some("key")).await,
        400,
        "idempotency_error",
    );
    assert!(
        other_endpoint["message"]
            .as_str()
            .unwrap()
            .contains("same endpoint")
    );
    assert_eq!(app.ledger().await.len(), 1);
}

#[tokio::test]
async fn what_was_not_executed_leaves_the_key_free() {
    let app = TestApp::start().await;
    let form = [("amount", "nothing"), ("currency", "eur")];
    let wrong = app
        .post_keyed("/v1/payment_intents", &form, Some("key"))
        .await;
    error(&wrong, 400, "invalid_request_error");
    let right = app.pay("pm_card_visa", Some("key")).await.expect(200);
    assert_eq!(right.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn fifty_twins_charge_once() {
    let app = TestApp::start().await;
    let answers = join_all((0..50).map(|_| app.pay("pm_card_visa", Some("key")))).await;
    let mut bodies: Vec<_> = Vec::new();
    for answer in answers {
        match answer.status.as_u16() {
            200 => bodies.push(answer.body),
            _ => assert_eq!(
                error(&answer, 409, "idempotency_error")["code"],
                "idempotency_key_in_use"
            ),
        }
    }
    assert!(!bodies.is_empty());
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(app.ledger().await.len(), 1);
}

#[tokio::test]
async fn a_key_in_use_is_refused_until_its_request_is_done() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "latencyMs": 1_500 }))
        .await
        .expect(200);
    let twins = join_all((0..2).map(|_| app.pay("pm_card_visa", Some("key")))).await;
    let (done, refused): (Vec<_>, Vec<_>) = twins
        .into_iter()
        .partition(|answer| answer.status.as_u16() == 200);
    assert_eq!(done.len(), 1);
    assert_eq!(refused[0].header("stripe-should-retry"), "true");
    assert_eq!(
        error(&refused[0], 409, "idempotency_error")["code"],
        "idempotency_key_in_use"
    );
    assert_eq!(app.ledger().await.len(), 1);
    assert_eq!(app.happened("keyInUse").await, 1);
}

#[tokio::test]
async fn a_forgotten_key_charges_again() {
    let app = TestApp::start().await;
    app.pay("pm_card_visa", Some("key")).await.expect(200);
    app.set_knobs(json!({ "idempotencyKeySeconds": 1 }))
        .await
        .expect(200);
    eventually("the key is forgotten", || async {
        let answer = app.pay("pm_card_visa", Some("key")).await.expect(200);
        answer
            .header("idempotent-replayed")
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(app.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_key_has_a_length() {
    let app = TestApp::start().await;
    for key in ["", &"k".repeat(256)] {
        error(
            &app.pay("pm_card_visa", Some(key)).await,
            400,
            "invalid_request_error",
        );
    }
    app.pay("pm_card_visa", Some(&"k".repeat(255)))
        .await
        .expect(200);
}
