//! One's own account: what it is called, and its password.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn a_name_is_changed_and_what_is_not_given_stays() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let changed = person
        .client
        .patch("/api/users/me", &json!({ "firstName": " Ada " }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &changed["firstName"],
            &changed["lastName"],
            &changed["version"]
        ),
        (&json!("Ada"), &json!("User"), &json!(2))
    );
    assert_eq!(
        person.client.get("/api/users/me").await.expect(200).json(),
        changed
    );
    let same = person
        .client
        .patch("/api/users/me", &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(same["version"], 2);
}

#[tokio::test]
async fn what_a_person_may_not_change_is_refused_by_name() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for (field, value) in [
        ("role", json!("admin")),
        ("permissions", json!(["orders:refund"])),
        ("email", json!("other@example.com")),
        ("version", json!(7)),
        ("firstName", json!("")),
        ("lastName", json!("x".repeat(81))),
        ("firstName", json!(1)),
    ] {
        let body = json!({ field: value });
        let fields = person
            .client
            .patch("/api/users/me", &body)
            .await
            .expect_problem(400, "invalid-request");
        assert_eq!(fields, [field]);
    }
    assert_eq!(
        person.client.get("/api/users/me").await.json()["version"],
        1
    );
}

#[tokio::test]
async fn another_password_ends_every_other_session_and_not_this_one() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let elsewhere = app.login(&person.email, PASSWORD).await.expect(200).json();
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another one 1" });
    person
        .client
        .post("/api/users/me/password", &body)
        .await
        .expect(204);
    assert!(app.knows(&person.token).await);
    assert!(!app.knows(elsewhere["token"].as_str().unwrap()).await);
    app.refresh(elsewhere["refreshToken"].as_str().unwrap())
        .await
        .expect_problem(401, "session-ended");
    app.refresh(&person.refresh).await.expect(200);
    app.login(&person.email, PASSWORD)
        .await
        .expect_problem(401, "wrong-credentials");
    app.login(&person.email, "another one 1").await.expect(200);
    // The same again: the old password is not the password any more.
    let fields = person
        .client
        .post("/api/users/me/password", &body)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["currentPassword"]);
}

#[tokio::test]
async fn a_new_password_keeps_the_rules_and_needs_the_old_one() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for (current, new, field) in [
        ("Wrong123!", json!("another one 1"), "currentPassword"),
        (PASSWORD, json!("short"), "newPassword"),
        (PASSWORD, json!("iloveyou1"), "newPassword"),
        (PASSWORD, json!(person.email), "newPassword"),
        (PASSWORD, json!("x".repeat(129)), "newPassword"),
        (PASSWORD, Value::Null, "newPassword"),
    ] {
        let body = json!({ "currentPassword": current, "newPassword": new });
        let answer = person.client.post("/api/users/me/password", &body).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), [field]);
    }
    app.login(&person.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_stolen_access_token_is_no_way_to_guess_the_password() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let body = json!({ "currentPassword": "Wrong123!", "newPassword": "another one 1" });
    for _ in 0..5 {
        person
            .client
            .post("/api/users/me/password", &body)
            .await
            .expect_problem(400, "invalid-request");
    }
    person
        .client
        .post("/api/users/me/password", &body)
        .await
        .expect_problem(429, "too-many-attempts");
}
