//! What leaves as mail: once, whole, and to nobody else.

use std::time::{Duration, Instant};

use contracts::StockId;
use serde_json::{Value, json};
use sqlx::Row as _;
use uuid::Uuid;

use crate::{
    app::World,
    events::{Order, Person, low_stock, out_of_stock, tell},
};

fn header<'m>(mail: &'m Value, name: &str) -> Vec<&'m str> {
    let headers = mail["headers"].as_array().unwrap();
    headers
        .iter()
        .filter(|header| header["name"].as_str().unwrap().eq_ignore_ascii_case(name))
        .map(|header| header["value"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_names_the_trace_of_the_request_that_it_is_the_end_of() {
    let world = World::new().await;
    let _app = world.app().await;
    let person = Person::new();
    let placed = Order::of(&person).placed();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let event = Uuid::now_v7();
    world
        .nats
        .tell_in_trace("ORDERS", event, &placed, Some(&traceparent))
        .await;
    let mails = world.mailbox.mails_to(&person.email, 1).await;
    let mail = world.mailbox.open(&mails[0]).await;
    let named = header(&mail, "Traceparent");
    assert!(named[0].starts_with(&format!("00-{trace}-")), "{named:?}");
    let mut sql = world.sql().await;
    let cause: String = sqlx::query_scalar("select causation_id from email")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    assert_eq!(cause, event.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placed_order_is_confirmed_by_one_mail_with_both_parts() {
    let world = World::new().await;
    let _app = world.app().await;
    let (person, other) = (Person::new(), Person::new());
    let order = Order::of(&person);
    tell(&world.nats, &order.placed()).await;
    let mails = world.mailbox.mails_to(&person.email, 1).await;
    let mail = world.mailbox.open(&mails[0]).await;
    let (text, html) = (
        mail["text"].as_str().unwrap(),
        mail["html"].as_str().unwrap(),
    );
    for part in [text, html] {
        for said in [
            "Storm Lantern",
            "Pêcheur jumper",
            "€1,299.00",
            "€179.00",
            "123 Main St",
            "SW1A London",
            &order.number,
            &format!("https://shop.example/orders/{}", order.id),
        ] {
            assert!(part.contains(said), "{said} is missing in {part}");
        }
    }
    assert_eq!(
        mail["subject"],
        format!("We have your order {}", order.number)
    );
    assert_eq!(header(&mail, "From"), ["Argosy <shop@argosy.example>"]);
    assert_eq!(header(&mail, "Auto-Submitted"), ["auto-generated"]);
    let id = mail["messageId"].as_str().unwrap();
    let (local, domain) = id.split_once('@').unwrap();
    assert_eq!(domain, "argosy.example");
    assert_eq!(Uuid::parse_str(local).unwrap().get_version_num(), 5);
    world.rows_become(&["order_placed SENT 1"]).await;
    let row = sqlx::query("select id, message_id, answer from email")
        .fetch_one(&mut world.sql().await)
        .await
        .unwrap();
    assert_eq!(row.get::<Uuid, _>("id").to_string(), local);
    assert_eq!(row.get::<String, _>("message_id"), format!("<{id}>"));
    assert!(row.get::<String, _>("answer").starts_with("250 "));
    assert!(world.mailbox.now_to(&other.email).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_leaves_within_a_second_of_its_event() {
    let world = World::new().await;
    let app = world.app().await;
    let mut delays = Vec::new();
    for _ in 0..20 {
        let person = Person::new();
        let told = Instant::now();
        tell(&world.nats, &Order::of(&person).placed()).await;
        world.mailbox.mails_to(&person.email, 1).await;
        delays.push(told.elapsed());
    }
    delays.sort();
    println!(
        "a mail has arrived after {:?} (p95), {:?} (median)",
        delays[18], delays[10]
    );
    assert!(delays[18] < Duration::from_secs(1), "{delays:?}");
    let count = r#"shop_mail_delay_seconds_count{template="order_placed"}"#;
    assert!(app.metric(count).await >= 19.0);
    let sent = r#"shop_mails_total{outcome="sent",template="order_placed"}"#;
    assert!(app.metric(sent).await >= 19.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_turn_of_an_order_has_its_mail_except_the_delivery() {
    let world = World::new().await;
    let _app = world.app().await;
    let person = Person::new();
    let (good, bad, dear) = (Order::of(&person), Order::of(&person), Order::of(&person));
    tell(&world.nats, &person.registered("Ada", "customer")).await;
    world.mailbox.mails_to(&person.email, 1).await;
    tell(&world.nats, &good.placed()).await;
    world.mailbox.mails_to(&person.email, 2).await;
    tell(&world.nats, &good.paid()).await;
    world.mailbox.mails_to(&person.email, 3).await;
    tell(&world.nats, &good.shipped()).await;
    world.mailbox.mails_to(&person.email, 4).await;
    tell(&world.nats, &good.delivered()).await;
    tell(&world.nats, &bad.failed()).await;
    tell(&world.nats, &dear.cancelled()).await;
    tell(&world.nats, &good.refunded()).await;
    let mails = world.mailbox.mails_to(&person.email, 7).await;
    world.handled("notifications_order_delivered", 1).await;
    let mut subjects: Vec<_> = mails
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap())
        .collect();
    subjects.sort_unstable();
    let mut expected = [
        "Welcome aboard Argosy".to_owned(),
        format!("We have your order {}", good.number),
        format!("Payment received for order {}", good.number),
        format!("Your order {} is on its way", good.number),
        format!("Your order {} could not be completed", bad.number),
        format!("Your order {} is cancelled", dear.number),
        format!("Refund for your order {}", good.number),
    ];
    expected.sort_unstable();
    assert_eq!(subjects, expected);
    // They know her name and what she ordered.
    let paid = mails
        .iter()
        .find(|mail| mail["subject"].as_str().unwrap().starts_with("Payment"));
    let paid = world.mailbox.open(paid.unwrap()).await;
    assert!(paid["text"].as_str().unwrap().contains("has arrived, Ada"));
    assert!(paid["html"].as_str().unwrap().contains("Storm Lantern"));
    let shipped = mails
        .iter()
        .find(|mail| mail["subject"].as_str().unwrap().contains("way"));
    let shipped = world.mailbox.open(shipped.unwrap()).await;
    assert!(shipped["text"].as_str().unwrap().contains("RM-42"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_twice_changes_nothing() {
    let world = World::new().await;
    let _app = world.app().await;
    let person = Person::new();
    let order = Order::of(&person);
    let (event, id) = (order.placed(), Uuid::now_v7());
    world.nats.tell("ORDERS", id, &event).await;
    world.settled(1, "SENT").await;
    let before = world.business().await;
    world.nats.tell("ORDERS", id, &event).await;
    // And once under another id, as a publisher without an outbox would: the mail is still the same mail.
    world.nats.tell("ORDERS", Uuid::now_v7(), &event).await;
    world.handled("notifications_order_placed", 2).await;
    assert_eq!(world.mailbox.now_to(&person.email).await.len(), 1);
    assert_eq!(world.rows().await, ["order_placed SENT 1"]);
    let emails: String = sqlx::query_scalar("select to_jsonb(email)::text from email")
        .fetch_one(&mut world.sql().await)
        .await
        .unwrap();
    assert!(emails.contains(&order.number));
    // The second id is another event: it has a live update of its own, and nothing else has changed.
    sqlx::query("delete from live_update where id = 2")
        .execute(&mut world.sql().await)
        .await
        .unwrap();
    sqlx::query("update live_position set last_id = 1")
        .execute(&mut world.sql().await)
        .await
        .unwrap();
    assert_eq!(world.business().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_greeted_in_any_script_and_cannot_add_headers() {
    let world = World::new().await;
    let _app = world.app().await;
    let (person, vendor, forger) = (Person::new(), Person::new(), Person::new());
    tell(&world.nats, &person.registered("Дарья 🌊", "customer")).await;
    let mails = world.mailbox.mails_to(&person.email, 1).await;
    let mail = world.mailbox.open(&mails[0]).await;
    assert_eq!(mail["to"][0]["name"], "Дарья 🌊");
    assert!(
        mail["text"]
            .as_str()
            .unwrap()
            .contains("Welcome aboard, Дарья 🌊")
    );
    assert!(mail["html"].as_str().unwrap().contains("Дарья 🌊"));

    let evil = "Eve\r\nBcc: everybody@example.com\r\nX-Evil: yes\r\n\r\n<h1>Body</h1>";
    tell(&world.nats, &forger.registered(evil, "customer")).await;
    tell(&world.nats, &vendor.registered("Vera", "vendor")).await;
    world.mailbox.mails_to(&vendor.email, 1).await;
    tell(&world.nats, &out_of_stock(&vendor, evil)).await;
    let mut hit = world.mailbox.mails_to(&forger.email, 1).await;
    hit.extend(world.mailbox.mails_to(&vendor.email, 2).await);
    for mail in hit {
        let raw = world.mailbox.raw(&mail).await;
        let head = raw.split("\r\n\r\n").next().unwrap();
        for line in head.split("\r\n") {
            assert!(
                !line.to_lowercase().starts_with("bcc:") && !line.starts_with("X-Evil:"),
                "{head}"
            );
        }
        let opened = world.mailbox.open(&mail).await;
        assert!(!opened["html"].as_str().unwrap().contains("<h1>Body"));
        assert_eq!(mail["envelope"]["recipients"].as_array().unwrap().len(), 1);
    }
    assert!(
        world
            .mailbox
            .now_to("everybody@example.com")
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_given_up_at_once_and_harms_nobody() {
    let world = World::new().await;
    let _app = world.app().await;
    let (mut nobody, person) = (Person::new(), Person::new());
    nobody.email = "a@example.com>\r\nRCPT TO:<all@example.com".to_owned();
    tell(&world.nats, &Order::of(&nobody).placed()).await;
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.mailbox.mails_to(&person.email, 1).await;
    world.settled(1, "DEAD").await;
    let failure: (String, String) =
        sqlx::query_as("select failure, answer from email where status = 'DEAD'")
            .fetch_one(&mut world.sql().await)
            .await
            .unwrap();
    assert_eq!(failure.0, "unusable");
    assert!(failure.1.contains("address is not valid"), "{}", failure.1);
    assert_eq!(world.mailbox.count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_is_warned_once_for_each_crossing_and_a_stranger_never() {
    let world = World::new().await;
    let app = world.app().await;
    let (vendor, stranger) = (Person::new(), Person::new());
    tell(&world.nats, &vendor.registered("Vera", "vendor")).await;
    world.mailbox.mails_to(&vendor.email, 1).await;
    let stock = StockId::generate();
    tell(&world.nats, &low_stock(&vendor, stock, 4)).await;
    tell(&world.nats, &low_stock(&vendor, stock, 9)).await;
    tell(&world.nats, &low_stock(&stranger, StockId::generate(), 1)).await;
    tell(&world.nats, &out_of_stock(&vendor, "Storm Lantern")).await;
    let mails = world.mailbox.mails_to(&vendor.email, 4).await;
    world.handled("notifications_low_stock", 3).await;
    let low = mails
        .iter()
        .filter(|mail| mail["subject"] == "Low stock: 3 left of Storm Lantern");
    assert_eq!(low.count(), 2);
    assert!(
        mails
            .iter()
            .any(|mail| mail["subject"] == "Out of stock: Storm Lantern")
    );
    assert_eq!(world.mailbox.count().await, 4);
    let unaddressed = r#"shop_mails_total{outcome="unaddressed",template="low_stock"}"#;
    assert!((app.metric(unaddressed).await - 1.0).abs() < f64::EPSILON);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_waits_a_moment_for_its_orders_lines_and_goes_without_them_if_they_do_not_come() {
    let world = World::new().await;
    let _app = world.app().await;
    let (first, second) = (Person::new(), Person::new());
    let (late, never) = (Order::of(&first), Order::of(&second));
    tell(&world.nats, &late.paid()).await;
    tell(&world.nats, &never.paid()).await;
    world.handled("notifications_order_paid", 2).await;
    assert!(world.mailbox.now_to(&first.email).await.is_empty());
    tell(&world.nats, &late.placed()).await;
    let mails = world.mailbox.mails_to(&first.email, 2).await;
    for mail in mails {
        let mail = world.mailbox.open(&mail).await;
        assert!(mail["text"].as_str().unwrap().contains("Storm Lantern"));
    }
    let mails = world.mailbox.mails_to(&second.email, 1).await;
    let mail = world.mailbox.open(&mails[0]).await;
    assert!(mail["text"].as_str().unwrap().contains("€1,299.00"));
    assert!(!mail["text"].as_str().unwrap().contains("Storm Lantern"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_not_true_any_more_is_not_sent() {
    let world = World::new().await;
    world
        .mailbox
        .fault(json!({ "reject": 451, "stage": "mail" }))
        .await;
    let _app = world
        .app_with(|config| config.mail.retry_base_ms = 400)
        .await;
    let person = Person::new();
    // Heard in their order, and the other way round.
    let (forwards, backwards) = (Order::of(&person), Order::of(&person));
    tell(&world.nats, &forwards.placed()).await;
    world.handled("notifications_order_placed", 1).await;
    tell(&world.nats, &forwards.cancelled()).await;
    tell(&world.nats, &backwards.failed()).await;
    world.handled("notifications_order_failed", 1).await;
    tell(&world.nats, &backwards.placed()).await;
    world.handled("notifications_order_placed", 2).await;
    world.handled("notifications_order_cancelled", 1).await;
    world.settled(2, "SUPERSEDED").await;
    world.mailbox.no_fault().await;
    world.settled(2, "SENT").await;
    let mails = world.mailbox.now_to(&person.email).await;
    let mut subjects: Vec<_> = mails
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap())
        .collect();
    subjects.sort_unstable();
    let mut expected = [
        format!("Your order {} is cancelled", forwards.number),
        format!("Your order {} could not be completed", backwards.number),
    ];
    expected.sort();
    assert_eq!(subjects, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_send_each_mail_once() {
    let world = World::new().await;
    let (_one, _two) = (world.app().await, world.app().await);
    let people: Vec<_> = (0..40).map(|_| Person::new()).collect();
    for person in &people {
        tell(&world.nats, &Order::of(person).placed()).await;
    }
    world.settled(40, "SENT").await;
    for person in &people {
        assert_eq!(world.mailbox.now_to(&person.email).await.len(), 1);
    }
}
