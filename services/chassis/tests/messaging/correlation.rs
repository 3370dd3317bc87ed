//! Traces and causes: through a consumer, the outbox and the broker.

use chassis::{
    Process, RateLimitConfig, RateLimiter, Service,
    broker::Stream,
    consumer::{Consumer, Delivery, Verdict},
    database, outbox,
};
use contracts::{ProductId, UserId, catalog::ProductArchived, identity::UserRegistered};
use serde_json::Value;
use sqlx::{Postgres, Transaction};
use testkit::{Nats, TestDatabase};
use tokio::task::JoinSet;
use utoipa::openapi::OpenApiBuilder;
use uuid::Uuid;

use crate::app::{MIGRATOR, event};

const STREAM: Stream = Stream {
    name: "CATALOG",
    subjects: "shop.catalog.>",
    description: "What the echo says",
};

/// Says something of its own for each event, all of one batch in one transaction.
struct Echo;

impl Consumer for Echo {
    type Event = UserRegistered;

    const NAME: &'static str = "test_echo";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<UserRegistered>],
    ) -> anyhow::Result<Vec<Verdict>> {
        for delivery in deliveries {
            let said = archived(delivery.event.user_id);
            let saying = outbox::publish(tx, &said);
            delivery.correlation.clone().scope(saying).await?;
        }
        Ok(vec![Verdict::Done; deliveries.len()])
    }
}

fn archived(user: UserId) -> ProductArchived {
    ProductArchived {
        product_id: ProductId(user.0),
        version: 1,
    }
}

async fn echo() -> (Nats, TestDatabase, JoinSet<()>) {
    let (nats, database) = (Nats::start(), TestDatabase::new(&MIGRATOR).await);
    (nats, database, JoinSet::new())
}

async fn serve(nats: &Nats, database: &TestDatabase, running: &mut JoinSet<()>) {
    let process = Process::new("test");
    let options = database::options(&database.url(), None, "test").unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let service = Service::new(&process, listen, options, &nats.url())
        .await
        .unwrap();
    service.consume("IDENTITY", Echo);
    service.publish_to(STREAM);
    let limiter = RateLimiter::new(&RateLimitConfig::default(), &process.metrics);
    let document = OpenApiBuilder::new().build();
    let app = service.app(axum::Router::new(), &document, limiter);
    running.spawn(async move { app.serve().await.unwrap() });
}

fn trace(number: u64) -> String {
    format!("00-{:032x}-{number:016x}-01", u128::from(number))
}

/// The trace, without the place in it.
fn trace_id(envelope: &Value) -> &str {
    let traceparent = envelope["traceparent"].as_str().unwrap();
    traceparent.split('-').nth(1).unwrap()
}

#[tokio::test]
async fn what_a_message_causes_names_it_and_stays_in_its_trace_also_when_many_are_handled_at_once()
{
    let (nats, database, mut running) = echo().await;
    // Before the consumer is there, so that it finds all of them together.
    let mut told = Vec::new();
    for number in 1..=50 {
        let (id, said) = (Uuid::now_v7(), event("Somebody"));
        nats.tell_in_trace("IDENTITY", id, &said, Some(&trace(number)))
            .await;
        told.push((id, said.user_id, trace(number)));
    }
    serve(&nats, &database, &mut running).await;
    let said = nats.messages("CATALOG", told.len()).await;
    for (id, user, traceparent) in told {
        let envelope = said.iter().map(|(_, envelope)| envelope);
        let envelope = envelope
            .clone()
            .find(|envelope| envelope["subject"] == user.0.to_string())
            .unwrap();
        assert_eq!(envelope["causationid"], id.to_string());
        assert_eq!(trace_id(envelope), &traceparent[3..35]);
        assert_ne!(envelope["traceparent"], traceparent, "another place in it");
    }
}

#[tokio::test]
async fn a_message_without_a_trace_or_with_nonsense_begins_one() {
    let (nats, database, mut running) = echo().await;
    serve(&nats, &database, &mut running).await;
    for traceparent in [None, Some("nonsense"), Some("00-0-0-00")] {
        nats.tell_in_trace("IDENTITY", Uuid::now_v7(), &event("Somebody"), traceparent)
            .await;
    }
    let said = nats.messages("CATALOG", 3).await;
    let traces: std::collections::BTreeSet<_> = said
        .iter()
        .map(|(_, envelope)| trace_id(envelope))
        .collect();
    assert_eq!(traces.len(), 3);
    assert!(traces.iter().all(|trace| trace.len() == 32));
}

#[tokio::test]
async fn what_nobody_asked_for_says_so_by_silence() {
    let (nats, database, mut running) = echo().await;
    serve(&nats, &database, &mut running).await;
    let mut connection = database.connect().await;
    let mut tx = sqlx::Connection::begin(&mut connection).await.unwrap();
    outbox::publish(&mut tx, &archived(UserId::generate()))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let (_, envelope) = nats.messages("CATALOG", 1).await.remove(0);
    assert_eq!(envelope.get("traceparent"), None);
    assert_eq!(envelope.get("causationid"), None);
}
