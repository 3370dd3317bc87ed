//! Registering.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{TestApp, demo, with};

#[tokio::test]
async fn the_call_from_the_requirements_opens_an_account_that_can_be_used() {
    let app = TestApp::start().await;
    let answer = app
        .anonymous
        .post("/api/users/register", &demo())
        .await
        .expect(201);
    let session = answer.json();
    let user = &session["user"];
    assert_eq!(
        answer.header("location"),
        format!("/api/users/{}", user["id"].as_str().unwrap())
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        (&user["email"], &user["role"]),
        (&json!("demo@example.com"), &json!("vendor"))
    );
    assert!(user["consent"]["version"].is_string() && user["consent"]["at"].is_string());
    assert!(
        user.get("passwordHash").is_none()
            && !answer.body.windows(8).any(|bytes| bytes == b"argon2id")
    );
    let me = app
        .person_of(&answer)
        .client
        .get("/api/users/me")
        .await
        .expect(200)
        .json();
    assert_eq!(me, *user);
    assert_eq!(
        (app.count("users").await, app.count("outbox").await),
        (1, 1)
    );
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case() {
    let app = TestApp::start().await;
    app.anonymous
        .post("/api/users/register", &demo())
        .await
        .expect(201);
    for email in ["demo@example.com", "  DEMO@Example.COM "] {
        let again = app
            .anonymous
            .post("/api/users/register", &with(demo(), "email", email))
            .await;
        assert_eq!(again.expect_problem(409, "email-taken"), ["email"]);
    }
    assert_eq!(
        (
            app.count("users").await,
            app.count("outbox").await,
            app.count("sessions").await
        ),
        (1, 1, 1)
    );
    app.login("DEMO@EXAMPLE.COM", "Demo123!").await.expect(200);
}

#[tokio::test]
async fn of_twenty_twins_that_register_at_once_exactly_one_gets_the_account() {
    let app = TestApp::start().await;
    let body = demo();
    let answers = join_all((0..20).map(|_| app.anonymous.post("/api/users/register", &body))).await;
    let count = |status: u16| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((count(201), count(409)), (1, 19));
    assert_eq!(
        (app.count("users").await, app.count("outbox").await),
        (1, 1)
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let long = "x".repeat(129);
    for (field, value) in [
        ("email", json!("demo")),
        ("email", json!(format!("{}@example.com", "a".repeat(250)))),
        ("email", json!(7)),
        ("password", json!("short")),
        ("password", json!(long)),
        ("password", json!("password1")),
        ("password", Value::Null),
        ("firstName", json!("")),
        ("firstName", json!("x".repeat(81))),
        ("lastName", json!("a\r\nBcc: b@example.com")),
        ("lastName", json!("nul\u{0}")),
        ("role", json!("admin")),
        ("role", json!("Admin")),
        ("role", json!(["admin"])),
        ("gdprConsent", json!(false)),
        ("gdprConsent", json!("true")),
        ("session", json!("url")),
        ("isAdmin", json!(true)),
        ("permissions", json!(["orders:refund"])),
    ] {
        let answer = app
            .anonymous
            .post("/api/users/register", &with(demo(), field, value))
            .await;
        let fields = answer.expect_problem(400, "invalid-request");
        assert_eq!(fields, [field], "{}", String::from_utf8_lossy(&answer.body));
    }
    let mut without = demo();
    without.as_object_mut().unwrap().remove("gdprConsent");
    let fields = app
        .anonymous
        .post("/api/users/register", &without)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["gdprConsent"]);
    assert_eq!(
        (app.count("users").await, app.count("outbox").await),
        (0, 0)
    );
}

#[tokio::test]
async fn a_client_that_registers_very_often_is_slowed_down_and_others_are_not() {
    let app = TestApp::start().await;
    app.anonymous
        .post("/api/users/register", &demo())
        .await
        .expect(201);
    // As though this client had registered as many as it may.
    app.run("update attempts set failures = 60").await;
    let refused = app
        .anonymous
        .post(
            "/api/users/register",
            &with(demo(), "email", "next@example.com"),
        )
        .await;
    refused.expect_problem(429, "too-many-attempts");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 60);
    let elsewhere = app
        .anonymous
        .send(http::Method::POST, "/api/users/register", |request| {
            request.header("x-forwarded-for", "203.0.113.9").json(&with(
                demo(),
                "email",
                "next@example.com",
            ))
        });
    elsewhere.await.expect(201);
}
