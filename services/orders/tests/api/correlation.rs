//! One trace from the request that places an order through every service, and causes that lead back to its first event. With
//! the real payments, in front of a provider.

use std::collections::HashMap;

use chassis::{Process, Secret, auth::KeySource};
use serde_json::Value;
use testkit::{TestDatabase, eventually};

use crate::app::{TestApp, id, wish};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A provider that declines nothing, and the service that asks it.
async fn payments(app: &mut TestApp) {
    let database = TestDatabase::new(&psp::MIGRATOR).await;
    let config = psp::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        database: psp::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        api_key_file: Secret::new("key"),
        webhooks: psp::WebhookConfig {
            webhook_url: None,
            webhook_secret_file: None,
        },
        decline_rate: 0.0,
        seed: 0,
    };
    let provider = psp::App::new(&config, &Process::new("psp")).await.unwrap();
    let url = format!("http://{}", provider.address().unwrap());
    app.tasks
        .spawn(async move { provider.serve().await.unwrap() });
    let database = TestDatabase::new(&payments::MIGRATOR).await;
    let config = payments::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        database: payments::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: payments::BrokerConfig {
            nats_url: app.nats.url(),
        },
        jwks: KeySource::File(app.issuer.file()),
        token_issuer: "argosy".to_owned(),
        token_audience: "argosy".to_owned(),
        provider: payments::ProviderConfig {
            url,
            api_key_file: Secret::new("key"),
            webhook_secret_file: Secret::new("whsec_of_nobody"),
            timeout_ms: 5_000,
            concurrency: 4.try_into().unwrap(),
            calls_per_second: 100.try_into().unwrap(),
            breaker_open_ms: 300,
        },
        timing: payments::TimingConfig {
            retry_pauses_ms: "50,100,200".parse().unwrap(),
            decline_pause_ms: 20,
            lease_ms: 10_000,
            doubt_limit_s: 82_800,
            reconcile_every_ms: 3_600_000,
            poll_ms: 20,
        },
    };
    let service = payments::app(&config, &Process::new("payments"))
        .await
        .unwrap();
    app.tasks
        .spawn(async move { service.serve().await.unwrap() });
}

/// Everything that was said of this order so far, in all three streams.
async fn said(app: &TestApp, order: &Value) -> Vec<(String, Value)> {
    let client = async_nats::connect(app.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let order = id(order).to_string();
    let mut said = Vec::new();
    for stream in ["ORDERS", "PAYMENTS", "INVENTORY"] {
        let count = match jetstream.get_stream(stream).await {
            Ok(stream) => usize::try_from(stream.cached_info().state.messages).unwrap(),
            Err(_) => 0,
        };
        if count > 0 {
            said.extend(app.nats.messages(stream, count).await);
        }
    }
    said.retain(|(_, envelope)| envelope["data"]["orderId"] == order);
    said
}

fn trace(envelope: &Value) -> &str {
    let traceparent = envelope["traceparent"].as_str().unwrap();
    traceparent.split('-').nth(1).unwrap()
}

#[tokio::test]
async fn all_that_is_said_of_an_order_is_in_the_trace_of_its_request_and_leads_back_to_its_first_event()
 {
    let mut app = TestApp::start().await;
    let product = app.product(5).await;
    payments(&mut app).await;
    let place = app
        .customer
        .send(http::Method::POST, "/api/orders", |request| {
            request
                .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
                .header("x-request-id", "the-click")
                .json(&wish(&product, 2))
        });
    let order = place.await.expect(201).json();
    app.wait_for(&order, |order| {
        order["state"] == "PAID" && order["stock"] == "COMMITTED"
    })
    .await;
    let said = eventually("everything has been sent", || async {
        let said = said(&app, &order).await;
        (said.len() >= 7).then_some(said)
    })
    .await;
    let mut names: Vec<&str> = said
        .iter()
        .map(|(subject, _)| subject.split('.').nth(2).unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "order_paid",
            "order_placed",
            "payment_captured",
            "payment_requested",
            "payment_started",
            "stock_commit_requested",
            "stock_committed"
        ]
    );
    let causes: HashMap<&str, &str> = said
        .iter()
        .map(|(_, envelope)| {
            (
                envelope["id"].as_str().unwrap(),
                envelope["causationid"].as_str().unwrap(),
            )
        })
        .collect();
    for (subject, envelope) in &said {
        assert_eq!(trace(envelope), TRACE, "{subject}");
        let mut cause = envelope["id"].as_str().unwrap();
        let mut first = cause;
        while let Some(before) = causes.get(cause) {
            (first, cause) = (cause, before);
        }
        assert_eq!(cause, "the-click", "{subject}");
        let placed = said
            .iter()
            .find(|(_, placed)| placed["id"] == first)
            .unwrap();
        assert_eq!(placed.0, "shop.orders.order_placed.v1", "of {subject}");
    }
}

#[tokio::test]
async fn what_a_deadline_asks_for_goes_on_in_the_orders_trace() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    app.execute("update orders set placed_at = placed_at - interval '1 day', deadline = now()")
        .await;
    app.wait_for_state(&order, "CANCELLING").await;
    let said = eventually("the cancellation has been sent", || async {
        let said = said(&app, &order).await;
        let asked = said
            .iter()
            .any(|(subject, _)| subject.contains("cancel_requested"));
        asked.then_some(said)
    })
    .await;
    let traces: std::collections::BTreeSet<&str> =
        said.iter().map(|(_, envelope)| trace(envelope)).collect();
    assert_eq!(traces.len(), 1, "{said:?}");
    let ids: Vec<&Value> = said.iter().map(|(_, envelope)| &envelope["id"]).collect();
    let (_, asked) = said
        .iter()
        .find(|(subject, _)| subject.contains("cancel_requested"))
        .unwrap();
    assert!(ids.contains(&&asked["causationid"]), "{asked}");
}
