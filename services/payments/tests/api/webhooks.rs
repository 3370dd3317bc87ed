//! Webhooks: before the answer, after it, twice, forged and old.

use std::time::SystemTime;

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use testkit::{Answer, eventually};

use crate::app::{Shop, WEBHOOK_SECRET, order};

pub(crate) fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

pub(crate) fn sign(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

async fn post(shop: &Shop, signature: Option<&str>, body: &str) -> Answer {
    let body = body.to_owned();
    shop.client()
        .send(http::Method::POST, "/webhooks/psp", |request| {
            let request = request
                .header("content-type", "application/json")
                .body(body);
            match signature {
                Some(signature) => request.header("stripe-signature", signature),
                None => request,
            }
        })
        .await
}

/// What a thief would like us to believe: that an order is paid.
pub(crate) async fn captured(shop: &Shop, order: &crate::app::Order) -> String {
    let mut connection = shop.connection().await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from payment where order_id = $1")
        .bind(order.id.0)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    json!({
        "id": format!("evt_{}", uuid::Uuid::new_v4().simple()), "object": "event", "type": "payment_intent.succeeded",
        "data": { "object": {
            "id": "pi_of_a_thief", "object": "payment_intent", "status": "succeeded", "amount_received": order.minor,
            "currency": "eur", "latest_charge": "ch_of_a_thief", "metadata": { "payment_id": id, "attempt": "1" }
        } }
    })
    .to_string()
}

#[tokio::test]
async fn a_webhook_before_the_answer_captures_and_the_answer_changes_nothing() {
    let shop = Shop::open().await;
    shop.psp
        .knobs(json!({ "hangMs": 1_500, "webhooks": { "enabled": true } }))
        .await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    // The answer is still on its way; it comes to a payment that is captured.
    let calls =
        "payments_provider_call_duration_seconds_count{operation=\"charge\",outcome=\"answered\"}";
    assert_eq!(shop.metric(calls).await, None, "the answer came first");
    eventually("the answer has come", || async { shop.metric(calls).await }).await;
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_webhook_after_the_answer_and_each_one_twice_change_nothing() {
    let shop = Shop::open().await;
    shop.psp
        .knobs(json!({ "webhooks": { "duplicate": true, "delayMs": 200 } }))
        .await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "CAPTURED").await;
    shop.refund(&order, 400).await;
    shop.until_said(&order, "refunded").await;
    eventually("every webhook was taken", || async {
        let told = &shop.psp.statistics().await["webhooks"];
        (told["pending"] == 0 && told["delivered"].as_i64()? >= 3).then_some(())
    })
    .await;
    assert!(shop.psp.happened("webhookDuplicated").await >= 3);
    assert!(
        shop.metric("payments_webhooks_total{outcome=\"repeated\"}")
            .await
            .unwrap()
            >= 3.0
    );
    assert_eq!(shop.said(&order).await, ["started", "captured", "refunded"]);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_lost_answer_is_made_up_for_by_the_webhook() {
    // So long a pause that no second try can be what captures it.
    let shop =
        Shop::open_with(|config| config.timing.retry_pauses_ms = "600000".parse().unwrap()).await;
    shop.psp
        .knobs(json!({ "dropAnswerRate": 1, "webhooks": { "delayMs": 300 } }))
        .await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "CAPTURED").await;
    shop.refund(&order, 1_000).await;
    shop.until(&order, "REFUNDED").await;
    shop.books_agree().await;
}

#[tokio::test]
async fn a_forged_webhook_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "latencyMs": 20_000 })).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    let body = captured(&shop, &order).await;
    let other = captured(&shop, &order).await;
    for signature in [
        None,
        Some(String::new()),
        Some("t=1,v1=".to_owned()),
        Some(sign("whsec_of-somebody-else", now(), &body)),
        Some(sign(WEBHOOK_SECRET, now(), &other)),
        Some(sign("", now(), &body)),
        Some(sign(WEBHOOK_SECRET, now(), &body).replace("v1=", "v0=")),
    ] {
        let answer = post(&shop, signature.as_deref(), &body).await;
        let fields = answer.expect_problem(400, "invalid-signature");
        assert_eq!(fields, ["Stripe-Signature"]);
    }
    assert_eq!(shop.state(&order).await.as_deref(), Some("IN_DOUBT"));
    assert_eq!(shop.count("select count(*) from psp_webhook").await, 0);
    assert_eq!(shop.count("select count(*) from money_ledger").await, 0);
    assert_eq!(
        shop.metric("payments_webhooks_total{outcome=\"forged\"}")
            .await,
        Some(7.0)
    );
}

#[tokio::test]
async fn a_recorded_webhook_is_refused_when_it_is_old_and_taken_with_either_secret_when_it_is_not()
{
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "latencyMs": 20_000 })).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    let body = captured(&shop, &order).await;
    for at in [now() - 301, now() - 3_600, now() + 400] {
        let signature = sign(WEBHOOK_SECRET, at, &body);
        post(&shop, Some(&signature), &body)
            .await
            .expect_problem(400, "invalid-signature");
    }
    assert_eq!(shop.state(&order).await.as_deref(), Some("IN_DOUBT"));
    let genuine = sign(WEBHOOK_SECRET, now() - 200, &body);
    let several = genuine.replacen("v1=", &format!("v1={},v1=", "00".repeat(32)), 1);
    for _ in 0..2 {
        post(&shop, Some(&several), &body).await.expect(204);
    }
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    assert_eq!(shop.count("select count(*) from psp_webhook").await, 1);
}

#[tokio::test]
async fn wrong_and_old_signatures_of_the_provider_itself_are_sent_again_until_one_is_right() {
    let shop =
        Shop::open_with(|config| config.timing.retry_pauses_ms = "600000".parse().unwrap()).await;
    let webhooks = json!({ "wrongSignature": 0.4, "oldTimestamp": 0.4, "retryMs": 20 });
    shop.psp
        .knobs(json!({ "dropAnswerRate": 1, "webhooks": webhooks, "seed": 3 }))
        .await;
    for _ in 0..4 {
        let order = order();
        shop.request(&order).await;
        shop.until(&order, "CAPTURED").await;
        assert_eq!(shop.said(&order).await, ["started", "captured"]);
    }
    shop.books_agree().await;
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_refused_and_one_that_does_not_concern_us_is_taken() {
    let shop = Shop::open().await;
    let event = |kind: &str, object: Value| {
        json!({ "id": format!("evt_{}", uuid::Uuid::new_v4().simple()), "type": kind, "data": { "object": object } }).to_string()
    };
    let foreign = json!({ "id": "pi_1", "status": "succeeded", "amount_received": 1, "currency": "eur", "metadata": {} });
    let unknown = json!({ "id": "pi_2", "status": "succeeded", "amount_received": 1, "currency": "eur",
        "metadata": { "payment_id": uuid::Uuid::new_v4() } });
    for (body, status) in [
        (String::new(), 400),
        ("{}".to_owned(), 400),
        ("[1]".to_owned(), 400),
        (event("payment_intent.succeeded", json!({ "id": 1 })), 400),
        (event("customer.created", json!({ "id": "cus_1" })), 204),
        (event("payment_intent.succeeded", foreign), 204),
        (event("payment_intent.succeeded", unknown), 204),
        (
            event(
                "refund.updated",
                json!({ "id": "re_1", "status": "succeeded", "amount": 1, "metadata": { "refund_id": "x" } }),
            ),
            204,
        ),
    ] {
        let signature = sign(WEBHOOK_SECRET, now(), &body);
        post(&shop, Some(&signature), &body).await.expect(status);
    }
    assert_eq!(shop.count("select count(*) from money_ledger").await, 0);
    let large = event("customer.created", json!({ "text": "x".repeat(40_000) }));
    let signature = sign(WEBHOOK_SECRET, now(), &large);
    post(&shop, Some(&signature), &large)
        .await
        .expect_problem(413, "payload-too-large");
}
