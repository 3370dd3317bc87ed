//! Forgotten passwords, from the request to the new password: the real identity service before us, the mail after us.

use chassis::{Process, Secret};
use contracts::{ResetId, identity::PasswordResetRequested};
use serde_json::{Value, json};
use testkit::{Client, TemporaryDirectory, TestDatabase};
use tokio::task::JoinSet;

use crate::{
    app::{RESET_KEY, World},
    events::{Person, tell},
};

/// The real identity service, which publishes to the world's broker.
async fn identity(world: &World, tasks: &mut JoinSet<()>) -> Client {
    let directory = TemporaryDirectory::new(None);
    let keys = directory.path().join("keys");
    std::fs::write(&keys, "07".repeat(32)).unwrap();
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let config = identity::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        logins: identity::LoginLimitConfig::default(),
        database: identity::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: identity::BrokerConfig {
            nats_url: world.nats.url(),
        },
        tokens: identity::TokenConfig {
            signing_key_file: keys.to_str().unwrap().parse().unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
            access_lifetime_s: 600,
            session_lifetime_days: 30,
        },
        reset_key_file: Secret::new(RESET_KEY),
        registrations_per_client: 50,
    };
    let app = identity::app(&config, &Process::new("identity"))
        .await
        .unwrap();
    let client = Client::new(&format!("http://{}", app.address().unwrap()));
    tasks.spawn(async move {
        app.serve().await.unwrap();
        drop(database);
    });
    client
}

fn code_in(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, rest) = text
        .split_once("https://shop.example/reset-password?code=")
        .unwrap_or_else(|| panic!("no link in {text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn everything(world: &World) -> String {
    sqlx::query_scalar(
        "select string_agg(line, '') from (
           select to_jsonb(email)::text as line from email
           union all select to_jsonb(inbox)::text from inbox
           union all select to_jsonb(dead_letter)::text from dead_letter
         ) as everything",
    )
    .fetch_one(&mut world.sql().await)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_by_way_of_a_mail() {
    let world = World::new().await;
    let app = world.app().await;
    let mut tasks = JoinSet::new();
    let identity = identity(&world, &mut tasks).await;
    let email = Person::new().email;
    let login = |password: &str| json!({ "email": email, "password": password });
    let account = json!({
        "email": email, "password": "correct horse", "firstName": "Ada", "lastName": "L", "gdprConsent": true
    });
    identity
        .post("/api/users/register", &account)
        .await
        .expect(201);
    world.mailbox.mails_to(&email, 1).await;
    identity
        .post("/api/auth/forgotten-password", &json!({ "email": email }))
        .await
        .expect(202);
    let mails = world.mailbox.mails_to(&email, 2).await;
    let mail = mails
        .iter()
        .find(|mail| mail["subject"] == "Choose a new password")
        .unwrap();
    let mail = world.mailbox.open(mail).await;
    let code = code_in(&mail);
    assert!(mail["html"].as_str().unwrap().contains(&code));
    let reset = json!({ "code": code, "newPassword": "battery staple" });
    identity
        .post("/api/auth/reset-password", &reset)
        .await
        .expect(204);
    identity
        .post("/api/users/login", &login("battery staple"))
        .await
        .expect(200);
    identity
        .post("/api/users/login", &login("correct horse"))
        .await
        .expect(401);
    let mails = world.mailbox.mails_to(&email, 3).await;
    let changed = mails
        .iter()
        .find(|mail| mail["subject"] == "Your password was changed")
        .unwrap();
    let changed = world.mailbox.open(changed).await;
    assert!(!changed["text"].as_str().unwrap().contains("code="));

    // What is kept here names the reset; the proof of the code is in the mail alone.
    let (id, proof) = code.split_once('.').unwrap();
    let kept = everything(&world).await;
    assert!(kept.replace('-', "").contains(id) && !kept.contains(proof));
    let sent = r#"shop_mails_total{outcome="sent",template="password_reset"}"#;
    assert!((app.metric(sent).await - 1.0).abs() < 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_has_expired_is_not_sent_any_more() {
    let world = World::new().await;
    let _app = world.app().await;
    let person = Person::new();
    let event = PasswordResetRequested {
        reset_id: ResetId::generate(),
        version: 1,
        user_id: person.id,
        email: person.email.clone(),
        expires_at: "2020-01-01T00:00:00Z".parse().unwrap(),
    };
    tell(&world.nats, &event).await;
    world.rows_become(&["password_reset SUPERSEDED 1"]).await;
    assert!(world.mailbox.now_to(&person.email).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_are_two_mails_and_one_that_comes_twice_is_one() {
    let world = World::new().await;
    let _app = world.app().await;
    let person = Person::new();
    let request = |reset: ResetId| PasswordResetRequested {
        reset_id: reset,
        version: 1,
        user_id: person.id,
        email: person.email.clone(),
        expires_at: "2126-01-01T00:00:00Z".parse().unwrap(),
    };
    let (first, second) = (ResetId::generate(), ResetId::generate());
    for reset in [first, second, first] {
        tell(&world.nats, &request(reset)).await;
    }
    world
        .handled("notifications_password_reset_requested", 3)
        .await;
    let mails = world.mailbox.mails_to(&person.email, 2).await;
    let mut codes = Vec::new();
    for mail in &mails {
        codes.push(code_in(&world.mailbox.open(mail).await));
    }
    assert_ne!(codes[0], codes[1]);
    world
        .rows_become(&["password_reset SENT 1", "password_reset SENT 1"])
        .await;
}
