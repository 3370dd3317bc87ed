//! The process ends at the worst moments: a mail may leave twice then, but never as two mails, and never not at all.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use testkit::TemporaryDirectory;

use crate::{
    app::World,
    events::{Order, Person, tell},
};

/// Ends the real program at a place, starts it again, and gives the copies of each mail.
async fn crash_at(place: &str) -> Vec<usize> {
    let world = World::new().await;
    let people = [Person::new(), Person::new()];
    for person in &people {
        tell(&world.nats, &Order::of(person).placed()).await;
    }
    let directory = TemporaryDirectory::new(None);
    let doomed = world.program(&directory, &[("FAILPOINT", place)]);
    let status = tokio::task::spawn_blocking(move || doomed.wait())
        .await
        .unwrap();
    assert_eq!(status.code(), Some(137), "{place}: {status}");
    let _next = world.program(&directory, &[]);
    // What the broker had handed over is handed over again after its 30 s.
    world.eventually_sent(2, Duration::from_mins(1)).await;
    let mut copies = Vec::new();
    for person in &people {
        let mails = world.mailbox.now_to(&person.email).await;
        let ids: BTreeSet<_> = mails
            .iter()
            .map(|mail| mail["messageId"].to_string())
            .collect();
        assert_eq!(ids.len(), 1, "{place}: {ids:?}");
        copies.push(mails.len());
    }
    copies
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_mail_is_handed_over_loses_nothing() {
    for place in ["notifications.before_data:1", "notifications.before_data:2"] {
        assert_eq!(crash_at(place).await, [1, 1], "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_acceptance_and_note_makes_one_copy_with_the_same_message_id() {
    for place in [
        "notifications.after_data_before_sent:1",
        "notifications.after_data_before_sent:2",
    ] {
        let mut copies = crash_at(place).await;
        copies.sort_unstable();
        assert_eq!(copies, [1, 2], "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_around_the_commit_of_an_event_owes_its_mail_once() {
    let places = [
        "consumer.after_fetch:1",
        "consumer.before_commit:1",
        "consumer.after_commit:1",
        "notifications.before_hint:1",
    ];
    for copies in join_all(places.map(crash_at)).await {
        assert_eq!(copies, [1, 1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_ends_the_process_each_time_is_given_up() {
    let world = World::new().await;
    let person = Person::new();
    tell(&world.nats, &Order::of(&person).placed()).await;
    let directory = TemporaryDirectory::new(None);
    let quick = [
        ("FAILPOINT", "notifications.before_data"),
        ("NOTIFICATIONS_SMTP_TIMEOUT_MS", "100"),
    ];
    for attempt in 1..=8 {
        let doomed = world.program(&directory, &quick);
        let status = tokio::task::spawn_blocking(move || doomed.wait())
            .await
            .unwrap();
        assert_eq!(status.code(), Some(137), "attempt {attempt}: {status}");
    }
    let _next = world.program(&directory, &quick);
    world.rows_become(&["order_placed DEAD 9"]).await;
}
