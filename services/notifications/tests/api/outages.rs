//! The mail server is away, busy, or says no; the database goes away at a bad moment.

use std::time::Instant;

use serde_json::json;
use testkit::eventually;

use crate::{
    app::World,
    events::{Order, Person, tell},
    post::Mailbox,
};

#[tokio::test(flavor = "multi_thread")]
async fn mails_wait_for_a_mail_server_that_is_away_and_nothing_else_does() {
    let mut world = World::with(Mailbox::stopped()).await;
    // Slow enough that no mail is given up meanwhile; what waits must be hurried when the server is back.
    let app = world
        .app_with(|config| {
            config.mail.retry_base_ms = 2_000;
            config.mail.smtp_rest_ms = 200;
        })
        .await;
    let people: Vec<_> = (0..5).map(|_| Person::new()).collect();
    let mut page = app.page(&people[0]).await;
    for person in &people {
        tell(&world.nats, &Order::of(person).placed()).await;
    }
    let told = Instant::now();
    assert_eq!(page.next().await["type"], "order.placed");
    let list = app.customer(&people[0]).get("/api/notifications").await;
    assert_eq!(
        list.expect(200).json()["items"][0]["template"],
        "order_placed"
    );
    assert!(told.elapsed().as_secs() < 5, "{:?}", told.elapsed());
    eventually("a mail has failed", || async {
        let list = app
            .customer(&people[0])
            .get("/api/notifications")
            .await
            .json();
        let mail = &list["items"][0];
        (mail["reason"] == "The mail server could not be reached." && mail["status"] == "PENDING")
            .then_some(())
    })
    .await;
    app.anonymous.get("/readyz").await.expect(200);
    world.mailbox.resume().await;
    world.settled(5, "SENT").await;
    for person in &people {
        assert_eq!(world.mailbox.now_to(&person.email).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_may_go_and_come_back_under_open_connections() {
    let mut world = World::new().await;
    let _app = world.app().await;
    let (first, second) = (Person::new(), Person::new());
    tell(&world.nats, &Order::of(&first).placed()).await;
    world.settled(1, "SENT").await;
    world.mailbox.stop();
    world.mailbox.resume().await;
    tell(&world.nats, &Order::of(&second).placed()).await;
    world.settled(2, "SENT").await;
    assert_eq!(world.mailbox.now_to(&second.email).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_given_up_after_eight_attempts_and_sent_when_somebody_asks_for_it() {
    let world = World::new().await;
    world
        .mailbox
        .fault(json!({ "reject": 451, "stage": "recipient" }))
        .await;
    let app = world.app_with(|config| config.mail.retry_base_ms = 1).await;
    let person = Person::new();
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.rows_become(&["order_placed DEAD 8"]).await;
    let client = app.customer(&person);
    let mail = client
        .get("/api/notifications?status=DEAD")
        .await
        .expect(200)
        .json()["items"][0]
        .clone();
    assert_eq!(mail["reason"], "The mail server asked to try again later.");
    assert_eq!(
        mail["answer"],
        serde_json::Value::Null,
        "the server's words are for admins"
    );
    let path = format!("/api/notifications/{}", mail["id"].as_str().unwrap());
    let seen = app.admin().get(&path).await.expect(200).json();
    assert!(seen["answer"].as_str().unwrap().contains("451"), "{seen}");
    world.mailbox.no_fault().await;
    let retry = format!("{path}/retry");
    let again = client.post(&retry, &json!({})).await.expect(202).json();
    assert_eq!(again["status"], "PENDING");
    world.mailbox.mails_to(&person.email, 1).await;
    world.rows_become(&["order_placed SENT 1"]).await;
    let fields = client
        .post(&retry, &json!({}))
        .await
        .expect_problem(409, "mail-not-dead");
    assert!(fields.is_empty());
    assert_eq!(world.mailbox.now_to(&person.email).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_is_final_at_once_and_wrong_credentials_are_not() {
    let world = World::new().await;
    let _app = world.app().await;
    let (first, second) = (Person::new(), Person::new());
    world
        .mailbox
        .fault(json!({ "reject": 550, "stage": "recipient", "times": 1 }))
        .await;
    tell(&world.nats, &Order::of(&first).placed()).await;
    world.rows_become(&["order_placed DEAD 1"]).await;
    // What the server says of us, not of the mail.
    world
        .mailbox
        .fault(json!({ "reject": 530, "stage": "mail", "times": 2 }))
        .await;
    tell(&world.nats, &Order::of(&second).placed()).await;
    world.settled(1, "SENT").await;
    assert_eq!(world.mailbox.now_to(&second.email).await.len(), 1);
    assert!(world.mailbox.now_to(&first.email).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_acknowledgement_makes_a_copy_with_the_same_message_id() {
    let world = World::new().await;
    let _app = world.app().await;
    let person = Person::new();
    world
        .mailbox
        .fault(json!({ "reject": 451, "stage": "acknowledgement", "times": 1 }))
        .await;
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.settled(1, "SENT").await;
    let mails = world.mailbox.now_to(&person.email).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0]["messageId"], mails[1]["messageId"]);
    assert_eq!(mails[0]["date"], mails[1]["date"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_mail_is_noted_when_the_database_is_back() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    // The answer takes its time; meanwhile the database goes away.
    world
        .mailbox
        .fault(json!({ "delayMs": 700, "stage": "message", "times": 1 }))
        .await;
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.rows_become(&["order_placed SENDING 1"]).await;
    world.database.take_away().await;
    world.mailbox.mails_to(&person.email, 1).await;
    app.anonymous.get("/readyz").await.expect(503);
    app.customer(&person)
        .get("/api/notifications")
        .await
        .expect_problem(503, "unavailable");
    world.database.give_back().await;
    world.rows_become(&["order_placed SENT 1"]).await;
    assert_eq!(world.mailbox.now_to(&person.email).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_never_goes_out_in_the_clear_when_encryption_is_required() {
    let world = World::new().await;
    let address = format!("smtp://127.0.0.1:{}?tls=required", world.mailbox.smtp);
    let _app = world
        .app_with(|config| {
            config.mail.smtp_url = address.parse().unwrap();
            config.mail.retry_base_ms = 1;
        })
        .await;
    let person = Person::new();
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.rows_become(&["order_placed DEAD 8"]).await;
    assert_eq!(world.mailbox.count().await, 0);
}
