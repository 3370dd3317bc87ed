//! Events: in the transaction that makes the account, and on the broker after it.

use serde_json::json;
use testkit::{Nats, TestDatabase};

use crate::app::{NOWHERE, TestApp, demo};

#[tokio::test]
async fn whoever_registers_is_announced_once_and_without_secrets() {
    let nats = Nats::start();
    let app = TestApp::on(
        TestDatabase::new(&identity::MIGRATOR).await,
        &[7],
        &nats.url(),
    )
    .await;
    let person = app.person_as("demo", "vendor").await;
    app.anonymous
        .post("/api/users/register", &demo())
        .await
        .expect(409);
    let messages = nats.messages("IDENTITY", 1).await;
    assert_eq!(messages[0].0, "shop.identity.user_registered.v1");
    assert_eq!(messages[0].1["subject"], person.id);
    let announced = json!({
        "userId": person.id, "version": 1, "email": "demo@example.com", "firstName": "Demo", "lastName": "User",
        "role": "vendor"
    });
    assert_eq!(messages[0].1["data"], announced);
    assert_eq!(app.count("outbox").await, 1);
}

#[tokio::test]
async fn while_the_broker_is_away_people_register_and_are_announced_later() {
    let mut nats = Nats::stopped();
    let app = TestApp::on(
        TestDatabase::new(&identity::MIGRATOR).await,
        &[7],
        &nats.url(),
    )
    .await;
    let person = app.person("demo").await;
    app.anonymous.get("/readyz").await.expect(200);
    nats.resume();
    assert_eq!(
        nats.messages("IDENTITY", 1).await[0].1["subject"],
        person.id
    );
}

#[tokio::test]
async fn without_the_database_nothing_is_promised() {
    let app = TestApp::on(TestDatabase::new(&identity::MIGRATOR).await, &[7], NOWHERE).await;
    let person = app.person("demo").await;
    app.database.take_away().await;
    let answer = app.login(&person.email, crate::app::PASSWORD).await;
    answer.expect_problem(503, "unavailable");
    app.anonymous
        .get("/.well-known/jwks.json")
        .await
        .expect(200);
    app.database.give_back().await;
    testkit::eventually("it works again", || async {
        app.knows_or_fails(&person.token).await
    })
    .await;
}
