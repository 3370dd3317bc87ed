//! Mails as their owners and admins see them.

use serde_json::json;

use crate::{
    app::{World, members},
    events::{Order, Person, tell},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_their_own_mails_and_an_admin_everybodys() {
    let world = World::new().await;
    let app = world.app().await;
    let (one, other) = (Person::new(), Person::new());
    let order = Order::of(&one);
    tell(&world.nats, &order.placed()).await;
    tell(&world.nats, &Order::of(&other).placed()).await;
    world.settled(2, "SENT").await;
    let list = app
        .customer(&one)
        .get("/api/notifications")
        .await
        .expect(200)
        .json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["next"], json!(null));
    let mail = &list["items"][0];
    assert_eq!(mail["template"], "order_placed");
    assert_eq!(
        mail["subject"],
        format!("We have your order {}", order.number)
    );
    assert_eq!(mail["status"], "SENT");
    assert_eq!(mail["orderId"], order.id.to_string());
    assert_eq!(mail["userId"], one.id.to_string());
    assert!(
        mail["sentAt"].is_string() && mail["nextAttemptAt"].is_null(),
        "{mail}"
    );
    assert!(
        !list.to_string().contains('@'),
        "an address is shown: {list}"
    );
    let all = app
        .admin()
        .get("/api/notifications")
        .await
        .expect(200)
        .json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert!(!all.to_string().contains('@'), "an address is shown: {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let world = World::new().await;
    let app = world.app().await;
    let (person, other) = (Person::new(), Person::new());
    for _ in 0..7 {
        tell(&world.nats, &Order::of(&person).placed()).await;
        tell(&world.nats, &Order::of(&other).placed()).await;
    }
    world.settled(14, "SENT").await;
    for (client, expected) in [(app.customer(&person), 7), (app.admin(), 14)] {
        let mut seen = Vec::new();
        let mut path = "/api/notifications?limit=3".to_owned();
        loop {
            let page = client.get(&path).await.expect(200).json();
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("/api/notifications?limit=3&after={next}");
        }
        let mut ids = members(&seen, "id");
        assert_eq!(ids.len(), expected);
        ids.sort_by_key(ToString::to_string);
        ids.dedup();
        assert_eq!(ids.len(), expected);
        let times: Vec<_> = members(&seen, "createdAt");
        assert!(
            times
                .windows(2)
                .all(|pair| pair[0].as_str() >= pair[1].as_str())
        );
    }
    let none = app
        .admin()
        .get("/api/notifications?status=DEAD")
        .await
        .expect(200)
        .json();
    assert_eq!(none["items"], json!([]));
    let sent = app
        .admin()
        .get("/api/notifications?status=SENT&limit=100")
        .await;
    assert_eq!(
        sent.expect(200).json()["items"].as_array().unwrap().len(),
        14
    );
    // Somebody else's mail is no place in one's own list.
    let foreign = app
        .customer(&other)
        .get("/api/notifications?limit=1")
        .await
        .json();
    let path = format!(
        "/api/notifications?after={}",
        foreign["items"][0]["id"].as_str().unwrap()
    );
    let fields = app
        .customer(&person)
        .get(&path)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_parameters_are_named() {
    let world = World::new().await;
    let app = world.app().await;
    let client = app.customer(&Person::new());
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=1.5", "limit"),
        ("after=1", "after"),
        ("after=00000000-0000-0000-0000-000000000000", "after"),
        ("status=LOST", "status"),
        ("role=admin", "role"),
        ("user=x", "user"),
    ] {
        let answer = client.get(&format!("/api/notifications?{query}")).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            [field],
            "{query}"
        );
    }
    for path in [
        "/api/notifications/x",
        "/api/notifications/00000000-0000-0000-0000-000000000000",
    ] {
        client.get(path).await.expect_problem(404, "not-found");
        let retry = format!("{path}/retry");
        client
            .post(&retry, &json!({}))
            .await
            .expect_problem(404, "not-found");
    }
}
