//! The broker at its worst: replayed from the start, with poison in it, away.

use contracts::{Event as _, OrderId, orders::StockCommitRequested};
use testkit::Nats;
use uuid::Uuid;

use crate::{
    app::TestApp,
    books,
    settling::{commit, release},
};

#[tokio::test]
async fn a_stream_that_is_replayed_from_its_start_leaves_every_table_unchanged() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(20).await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        orders.push(app.held(product, 1).await);
    }
    for order in &orders[..3] {
        commit(&nats, *order, 3).await;
        app.until(*order, "COMMITTED").await;
    }
    for order in &orders[2..5] {
        release(&nats, *order, 4).await;
        app.until(*order, "RELEASED").await;
    }
    let before = books::stored(&app.database).await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("ORDERS")
        .await
        .unwrap();
    for consumer in [
        "inventory_stock_commit_requested",
        "inventory_stock_release_requested",
    ] {
        // Declared anew by the service, it begins at the stream's start.
        stream.delete_consumer(consumer).await.unwrap();
        let name =
            format!("consumer_messages_total{{consumer=\"{consumer}\",outcome=\"duplicate\"}}");
        testkit::eventually("every message has come again", || async {
            (app.metric(&name).await == 3).then_some(())
        })
        .await;
    }
    assert_eq!(books::stored(&app.database).await, before);
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_poison_message_among_good_ones_holds_nobody_up() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(20).await;
    let mut orders = Vec::new();
    for number in 0..8 {
        let order = app.held(product, 1).await;
        commit(&nats, order, 3).await;
        orders.push(order);
        if number == 3 {
            let subject = StockCommitRequested::subject();
            nats.publish("ORDERS", subject.clone(), b"{\"poison\":".to_vec())
                .await;
            nats.publish("ORDERS", subject, b"\xff\xfe\0not text".to_vec())
                .await;
        }
    }
    for order in orders {
        app.until(order, "COMMITTED").await;
    }
    testkit::eventually("the poison is put aside", || async {
        let letters: i64 = app.one("select count(*) from dead_letter").await;
        (letters == 2).then_some(())
    })
    .await;
    books::check(&app.database).await;
}

#[tokio::test]
async fn an_event_whose_effect_fails_is_put_aside_and_the_others_are_not() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(20).await;
    let bad: OrderId = "0190a000-0000-7000-8000-0000000000bb".parse().unwrap();
    app.hold(bad, &[product.line(1)]).await.expect(201);
    let good = [app.held(product, 1).await, app.held(product, 1).await];
    app.run(
        "create function refuse() returns trigger language plpgsql as $$
         begin raise exception 'not this one'; end $$;
         create trigger refuse before update on hold for each row
         when (new.order_id = '0190a000-0000-7000-8000-0000000000bb' and new.state = 'COMMITTED') execute function refuse()",
    )
    .await;
    for order in [good[0], bad, good[1]] {
        commit(&nats, order, 3).await;
    }
    for order in good {
        app.until(order, "COMMITTED").await;
    }
    assert_eq!(app.state(bad).await.as_deref(), Some("HELD"));
    // Mended, it is handled when it comes again.
    app.run("drop trigger refuse on hold").await;
    app.until(bad, "COMMITTED").await;
    books::check(&app.database).await;
}

#[tokio::test]
async fn while_the_broker_is_away_holds_are_made_and_everything_is_told_afterwards() {
    let mut nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(2).await;
    let order = app.held(product, 1).await;
    commit(&nats, order, 3).await;
    app.until(order, "COMMITTED").await;
    nats.messages("INVENTORY", 1).await;
    nats.kill();
    let sold_out = app.held(product, 1).await;
    app.anonymous.get("/readyz").await.expect(200);
    app.run("update hold set expires_at = now() - interval '1 second' where state = 'HELD'")
        .await;
    app.until(sold_out, "EXPIRED").await;
    nats.resume();
    let messages = nats.messages("INVENTORY", 3).await;
    let subjects: Vec<&str> = messages
        .iter()
        .map(|(subject, _)| subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        [
            "shop.inventory.stock_committed.v1",
            "shop.inventory.out_of_stock.v1",
            "shop.inventory.stock_released.v1"
        ]
    );
    let id = |message: &serde_json::Value| message["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    let told: Vec<Uuid> = messages.iter().map(|(_, message)| id(message)).collect();
    let events = books::stored(&app.database).await["events"].clone();
    assert_eq!(events, serde_json::json!(told));
}
