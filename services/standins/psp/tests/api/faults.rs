//! Each fault, and that a retry with the same key comes out right.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{TestApp, error};

#[tokio::test]
async fn an_answer_that_is_dropped_is_given_to_the_retry() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "dropAnswerRate": 1 }))
        .await
        .expect(200);
    let dropped = app.calls.try_to_pay("key").await.unwrap_err();
    assert!(dropped.is_request(), "{dropped:?}");
    assert_eq!(app.ledger().await.len(), 1);
    app.set_knobs(json!({})).await.expect(200);
    let (status, intent) = app.calls.try_to_pay("key").await.unwrap();
    assert_eq!(
        (status.as_u16(), &intent["status"]),
        (200, &json!("succeeded"))
    );
    let ledger = app.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0]["reference"], intent["latest_charge"]);
    assert_eq!(app.happened("answerDropped").await, 1);
}

#[tokio::test]
async fn a_500_after_the_effect_stays_a_500_while_the_object_tells_the_truth() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "errorRateAfterApply": 1 }))
        .await
        .expect(200);
    error(
        &app.pay("pm_card_visa", Some("key")).await,
        500,
        "api_error",
    );
    app.set_knobs(json!({})).await.expect(200);
    let again = app.pay("pm_card_visa", Some("key")).await;
    error(&again, 500, "api_error");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let ledger = app.ledger().await;
    assert_eq!(ledger.len(), 1);
    let list = app.shop.get("/v1/payment_intents").await.expect(200).json();
    assert_eq!(list["data"][0]["id"], ledger[0]["paymentIntent"]);
    assert_eq!(
        (
            &list["data"][0]["status"],
            &list["data"][0]["metadata"]["order_id"]
        ),
        (&json!("succeeded"), &json!("order-1"))
    );
    assert_eq!(app.happened("errorAfterApply").await, 1);
}

#[tokio::test]
async fn a_500_after_the_effect_may_also_be_forgotten() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "errorRateAfterApply": 1, "keepErrorAfterApply": false }))
        .await
        .expect(200);
    app.pay("pm_card_visa", Some("key")).await.expect(500);
    let again = app.pay("pm_card_visa", Some("key")).await.expect(200);
    assert_eq!(again.json()["status"], "succeeded");
    assert_eq!(app.ledger().await.len(), 1);
}

#[tokio::test]
async fn a_500_before_the_effect_has_none() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "errorRateBeforeApply": 1 }))
        .await
        .expect(200);
    error(
        &app.pay("pm_card_visa", Some("key")).await,
        500,
        "api_error",
    );
    error(&app.shop.get("/v1/events").await, 500, "api_error");
    assert!(app.ledger().await.is_empty());
    app.set_knobs(json!({})).await.expect(200);
    let right = app.pay("pm_card_visa", Some("key")).await.expect(200);
    assert_eq!(right.header("idempotent-replayed"), "");
    assert_eq!(app.ledger().await.len(), 1);
    assert_eq!(app.happened("errorBeforeApply").await, 2);
}

#[tokio::test]
async fn a_client_that_gives_up_on_a_hanging_answer_has_paid() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "hangMs": 60_000 })).await.expect(200);
    let hanging = tokio::time::timeout(Duration::from_secs(1), app.calls.try_to_pay("key")).await;
    assert!(hanging.is_err(), "{hanging:?}");
    assert_eq!(app.ledger().await.len(), 1);
    let (status, _) = app.calls.try_to_pay("key").await.unwrap();
    assert_eq!(status.as_u16(), 200, "a repetition does not hang");
    assert_eq!(app.ledger().await.len(), 1);
    assert_eq!(app.happened("hang").await, 1);
}

#[tokio::test]
async fn a_client_that_gives_up_during_the_latency_pays_all_the_same() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "latencyMs": 800 })).await.expect(200);
    let slow = tokio::time::timeout(Duration::from_millis(200), app.calls.try_to_pay("key")).await;
    assert!(slow.is_err(), "{slow:?}");
    testkit::eventually("the charge", || async {
        (app.ledger().await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn latency_is_waited_for() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "latencyMs": 200, "latencyJitterMs": 50 }))
        .await
        .expect(200);
    let started = Instant::now();
    app.pay("pm_card_visa", None).await.expect(200);
    app.shop.get("/v1/payment_intents").await.expect(200);
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(app.happened("latency").await, 2);
}

#[tokio::test]
async fn too_many_requests_and_an_outage_have_no_effect() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "rateLimitRate": 1 }))
        .await
        .expect(200);
    assert_eq!(
        error(
            &app.pay("pm_card_visa", Some("key")).await,
            429,
            "invalid_request_error"
        )["code"],
        "rate_limit"
    );
    app.set_knobs(json!({ "outage": "unavailable" }))
        .await
        .expect(200);
    error(
        &app.pay("pm_card_visa", Some("key")).await,
        503,
        "api_error",
    );
    app.set_knobs(json!({ "outage": "closed" }))
        .await
        .expect(200);
    app.calls.try_to_pay("key").await.unwrap_err();
    app.anybody.get("/readyz").await.expect(200);
    assert!(app.ledger().await.is_empty());
    assert_eq!(
        (
            app.happened("rateLimited").await,
            app.happened("outage").await
        ),
        (1, 2)
    );
    app.anybody.delete("/_simulator/knobs").await.expect(200);
    app.pay("pm_card_visa", Some("key")).await.expect(200);
}
