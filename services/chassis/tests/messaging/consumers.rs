//! An effect for each event, once, whatever happens.

use contracts::{Event as _, identity::UserRegistered};
use uuid::Uuid;

use crate::app::TestApp;

#[tokio::test]
async fn an_event_that_comes_twice_has_one_effect() {
    let app = TestApp::start().await;
    let id = app.register("Ada").await;
    app.wait_for(&["Ada"]).await;
    app.tell(id, "Ada").await;
    app.register("Grace").await;
    app.wait_for(&["Grace"]).await;
    assert_eq!(app.greeted().await, ["Ada", "Grace"]);
}

#[tokio::test]
async fn two_replicas_share_the_work_and_repeat_nothing() {
    let mut app = TestApp::start().await;
    app.replica().await;
    let names: Vec<String> = (0..200).map(|number| format!("Number {number}")).collect();
    for name in &names {
        app.register(name).await;
    }
    let expected: Vec<&str> = names.iter().map(String::as_str).collect();
    app.wait_for(&expected).await;
    assert_eq!(app.greeted().await.len(), 200);
}

#[tokio::test]
async fn what_comes_too_early_comes_again() {
    let app = TestApp::start().await;
    app.register("too early").await;
    app.wait_for(&["too early"]).await;
    assert_eq!(app.tries.lock().unwrap()["too early"], 3);
    assert!(app.dead_letters().await.is_empty());
}

#[tokio::test]
async fn an_outage_of_the_database_loses_nothing_and_is_no_reason_to_give_up() {
    let app = TestApp::start().await;
    app.register("Before").await;
    app.wait_for(&["Before"]).await;
    app.database.take_away().await;
    for number in 0..20 {
        app.register(&format!("Meanwhile {number}")).await;
    }
    app.database.give_back().await;
    app.wait_for(&["Meanwhile 0", "Meanwhile 19"]).await;
    assert_eq!(app.greeted().await.len(), 21);
    assert!(app.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_broker_that_lost_everything_is_read_again() {
    let mut app = TestApp::start().await;
    let id = app.register("Before").await;
    app.wait_for(&["Before"]).await;
    app.nats.kill();
    app.nats.forget();
    app.nats.resume();
    // The publisher's relay sends again what was lost.
    app.tell(id, "Before").await;
    app.register("After").await;
    app.wait_for(&["After"]).await;
    assert_eq!(app.greeted().await, ["Before", "After"]);
}

#[tokio::test]
async fn a_stream_that_is_read_from_its_start_again_changes_nothing() {
    let app = TestApp::start().await;
    for name in ["Ada", "Grace"] {
        app.register(name).await;
    }
    app.wait_for(&["Ada", "Grace"]).await;
    let client = async_nats::connect(app.nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("IDENTITY")
        .await
        .unwrap();
    stream
        .delete_consumer("test_user_registered")
        .await
        .unwrap();
    app.register("Edsger").await;
    app.wait_for(&["Edsger"]).await;
    assert_eq!(app.greeted().await, ["Ada", "Grace", "Edsger"]);
}

#[tokio::test]
async fn one_that_breaks_its_transaction_does_not_hold_up_the_others() {
    let app = TestApp::start().await;
    for name in ["one", "two", "breaks the transaction", "three", "four"] {
        app.register(name).await;
    }
    app.wait_for(&["one", "two", "three", "four"]).await;
    assert_eq!(app.greeted().await.len(), 4);
}

#[tokio::test]
async fn what_is_no_event_is_put_aside_with_what_it_said() {
    let app = TestApp::start().await;
    app.register("Ada").await;
    let payload = b"{\"specversion\":\"1.0\"} \0 nonsense".to_vec();
    app.nats
        .publish("IDENTITY", UserRegistered::subject(), payload)
        .await;
    app.register("Grace").await;
    app.wait_for(&["Ada", "Grace"]).await;
    let (id, reason, _) = app.dead_letter().await;
    assert_eq!(id, None::<Uuid>);
    assert!(
        reason.starts_with("not an envelope of shop.identity.user_registered.v1: "),
        "{reason}"
    );
}

#[tokio::test]
async fn what_failed_once_has_its_effect_at_the_second_delivery() {
    let app = TestApp::start().await;
    app.register("fails once").await;
    app.wait_for(&["fails once"]).await;
    assert_eq!(app.tries.lock().unwrap()["fails once"], 2);
}

#[test]
fn every_planted_bug_is_found() {
    let failing = "consumers::what_failed_once_has_its_effect_at_the_second_delivery";
    testkit::assert_found(&[
        (
            "no_inbox",
            "consumers::an_event_that_comes_twice_has_one_effect",
        ),
        ("inbox_of_its_own", failing),
        ("ack_before_commit", failing),
    ]);
}
