//! Whatever is said of a payment, and whoever brought the news, belongs to the trace of the order that wanted it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Order, Shop, order};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Orders asks for the payment, in a trace.
async fn request(shop: &Shop, order: &Order) -> Uuid {
    let (event, traceparent) = (Uuid::now_v7(), format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let requested = order.requested();
    shop.nats
        .tell_in_trace("ORDERS", event, &requested, Some(&traceparent))
        .await;
    event
}

/// Subject, trace and cause of each event that was told.
async fn told(shop: &Shop, count: usize) -> Vec<(String, String, Value)> {
    let messages = shop.nats.messages("PAYMENTS", count).await;
    let told = messages.into_iter().map(|(subject, envelope)| {
        let traceparent = envelope["traceparent"].as_str().unwrap();
        let trace = traceparent.split('-').nth(1).unwrap().to_owned();
        (subject, trace, envelope["causationid"].clone())
    });
    told.collect()
}

fn expected(subject: &str, cause: Uuid) -> (String, String, Value) {
    let subject = format!("shop.payments.{subject}.v1");
    (subject, TRACE.to_owned(), json!(cause.to_string()))
}

#[tokio::test]
async fn what_a_worker_learns_belongs_to_the_request_that_the_payment_was_made_for() {
    let shop = Shop::open().await;
    let order = order();
    let event = request(&shop, &order).await;
    shop.until(&order, "CAPTURED").await;
    assert_eq!(
        told(&shop, 2).await,
        [
            expected("payment_started", event),
            expected("payment_captured", event)
        ]
    );
}

#[tokio::test]
async fn so_does_what_a_webhook_brings() {
    let shop = Shop::open().await;
    // Faster than the answer.
    shop.psp
        .knobs(json!({ "hangMs": 1_500, "webhooks": { "enabled": true } }))
        .await;
    let order = order();
    let event = request(&shop, &order).await;
    shop.until(&order, "CAPTURED").await;
    assert_eq!(
        told(&shop, 2).await,
        [
            expected("payment_started", event),
            expected("payment_captured", event)
        ]
    );
}

#[tokio::test]
async fn a_refund_belongs_to_the_request_for_the_refund() {
    let shop = Shop::open().await;
    let order = order();
    request(&shop, &order).await;
    shop.until(&order, "CAPTURED").await;
    shop.refund(&order, 100).await;
    shop.until_said(&order, "refunded").await;
    let (subject, trace, cause) = told(&shop, 3).await.pop().unwrap();
    assert_eq!(subject, "shop.payments.payment_refunded.v1");
    assert_ne!(trace, TRACE, "the request for it came in another trace");
    let asked = shop.nats.messages("ORDERS", 2).await.pop().unwrap().1;
    assert_eq!(cause, asked["id"]);
}
