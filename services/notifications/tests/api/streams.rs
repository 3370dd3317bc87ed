//! The broker repeats itself, or brings what nobody can read.

use async_nats::jetstream;
use contracts::{Event as _, orders::OrderPlaced};
use uuid::Uuid;

use crate::{
    app::World,
    events::{Order, Person, low_stock, tell},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_replayed_from_its_start_sends_nothing_new() {
    let world = World::new().await;
    let app = world.app().await;
    let (person, vendor) = (Person::new(), Person::new());
    tell(&world.nats, &vendor.registered("Vera", "vendor")).await;
    world.settled(1, "SENT").await;
    tell(
        &world.nats,
        &low_stock(&vendor, contracts::StockId::generate(), 1),
    )
    .await;
    let orders: Vec<_> = (0..5).map(|_| Order::of(&person)).collect();
    for order in &orders {
        tell(&world.nats, &order.placed()).await;
        tell(&world.nats, &order.paid()).await;
        tell(&world.nats, &order.shipped()).await;
    }
    world.settled(17, "SENT").await;
    let (before, mails) = (world.business().await, world.mailbox.count().await);
    app.end().await;
    let client = async_nats::connect(world.nats.url()).await.unwrap();
    let jetstream = jetstream::new(client);
    for (stream, consumer) in [
        ("ORDERS", "notifications_order_placed"),
        ("ORDERS", "notifications_order_paid"),
        ("ORDERS", "notifications_order_shipped"),
        ("IDENTITY", "notifications_user_registered"),
        ("INVENTORY", "notifications_low_stock"),
    ] {
        let stream = jetstream.get_stream(stream).await.unwrap();
        stream.delete_consumer(consumer).await.unwrap();
    }
    let app = world.app().await;
    let last = Person::new();
    tell(&world.nats, &Order::of(&last).shipped()).await;
    for (consumer, count) in [
        ("notifications_order_placed", 5.0),
        ("notifications_order_paid", 5.0),
        ("notifications_order_shipped", 5.0),
        ("notifications_user_registered", 1.0),
        ("notifications_low_stock", 1.0),
    ] {
        let line =
            format!(r#"consumer_messages_total{{consumer="{consumer}",outcome="duplicate"}}"#);
        testkit::eventually(consumer, || async {
            ((app.metric(&line).await - count).abs() < f64::EPSILON).then_some(())
        })
        .await;
    }
    world.mailbox.mails_to(&last.email, 1).await;
    world.settled(18, "SENT").await;
    assert_eq!(world.mailbox.count().await, mails + 1);
    for statement in [
        "delete from email where user_id = $1",
        "delete from live_update where user_id = $1",
        "delete from live_position where user_id = $1",
        "delete from customer_order where user_id = $1",
    ] {
        sqlx::query(statement)
            .bind(last.id.0)
            .execute(&mut world.sql().await)
            .await
            .unwrap();
    }
    assert_eq!(world.business().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_among_good_ones_is_put_aside() {
    let world = World::new().await;
    let subject = OrderPlaced::subject();
    let (before, after, mut poisoned) = (Person::new(), Person::new(), Person::new());
    poisoned.email = "nul\0@example.com".to_owned();
    tell(&world.nats, &Order::of(&before).placed()).await;
    for payload in ["not JSON", r#"{"specversion":"1.0"}"#, "\u{0}\u{1}"] {
        let bytes = payload.as_bytes().to_vec();
        world.nats.publish("ORDERS", subject.clone(), bytes).await;
    }
    let mut envelope_of_another: serde_json::Value = serde_json::json!({
        "specversion": "1.0", "id": Uuid::now_v7(), "type": subject, "source": "orders", "subject": Uuid::now_v7(),
        "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json", "aggregateversion": 1
    });
    envelope_of_another["data"] = serde_json::json!({ "orderId": "x" });
    let bytes = envelope_of_another.to_string().into_bytes();
    world.nats.publish("ORDERS", subject.clone(), bytes).await;
    tell(&world.nats, &Order::of(&poisoned).placed()).await;
    tell(&world.nats, &Order::of(&after).placed()).await;
    let _app = world.app().await;
    world.mailbox.mails_to(&before.email, 1).await;
    world.mailbox.mails_to(&after.email, 1).await;
    world.handled("notifications_order_placed", 7).await;
    let reasons: Vec<String> = sqlx::query_scalar("select reason from dead_letter order by id")
        .fetch_all(&mut world.sql().await)
        .await
        .unwrap();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert!(
        reasons.iter().any(|reason| reason.contains("NUL")),
        "{reasons:?}"
    );
    assert_eq!(world.mailbox.count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_may_be_away_and_come_back() {
    let mut world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.mailbox.mails_to(&person.email, 1).await;
    let mut page = app.page(&person).await;
    world.nats.kill();
    app.anonymous.get("/readyz").await.expect(200);
    page.ping().await;
    world.nats.resume();
    tell(&world.nats, &Order::of(&person).placed()).await;
    assert_eq!(page.next().await["type"], "order.placed");
    world.mailbox.mails_to(&person.email, 2).await;
}
