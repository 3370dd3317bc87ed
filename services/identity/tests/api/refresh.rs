//! Refreshing: each token once, and never two parties in one session.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

fn text(session: &Value, field: &str) -> String {
    session[field].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_brings_the_next_pair() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let mut token = person.refresh.clone();
    for _ in 0..3 {
        let session = app.refresh(&token).await.expect(200).json();
        assert_eq!(session["user"]["id"], json!(person.id));
        assert!(app.knows(session["token"].as_str().unwrap()).await);
        let next = text(&session, "refreshToken");
        assert_ne!(next, token);
        token = next;
    }
    assert!(
        app.knows(&person.token).await,
        "access tokens live as long as they say"
    );
    assert_eq!(app.count("sessions").await, 1);
}

#[tokio::test]
async fn a_used_token_that_comes_back_ends_the_session() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let elsewhere = app.login(&person.email, PASSWORD).await.expect(200).json();
    let second = app.refresh(&person.refresh).await.expect(200).json();
    app.run("update refresh_tokens set used_at = used_at - interval '6 seconds'")
        .await;
    app.refresh(&person.refresh)
        .await
        .expect_problem(401, "session-ended");
    // The thief's and the owner's tokens are worth nothing now, whoever is who.
    app.refresh(&text(&second, "refreshToken"))
        .await
        .expect_problem(401, "session-ended");
    assert!(!app.knows(&text(&second, "token")).await);
    assert!(!app.knows(&person.token).await);
    // The same person's other session is another family.
    app.refresh(&text(&elsewhere, "refreshToken"))
        .await
        .expect(200);
    let metrics = app.anonymous.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("identity_refreshes_total{outcome=\"reused\"} 1"));
}

#[tokio::test]
async fn a_token_from_two_generations_ago_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let second = app.refresh(&person.refresh).await.expect(200).json();
    let third = app
        .refresh(&text(&second, "refreshToken"))
        .await
        .expect(200)
        .json();
    app.refresh(&person.refresh)
        .await
        .expect_problem(401, "session-ended");
    app.refresh(&text(&third, "refreshToken"))
        .await
        .expect_problem(401, "session-ended");
}

#[tokio::test]
async fn tabs_that_refresh_at_once_get_the_same_successor_and_stay_logged_in() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let answers = join_all((0..8).map(|_| app.refresh(&person.refresh))).await;
    let sessions: Vec<Value> = answers
        .into_iter()
        .map(|answer| answer.expect(200).json())
        .collect();
    let next = text(&sessions[0], "refreshToken");
    assert!(
        sessions
            .iter()
            .all(|session| text(session, "refreshToken") == next)
    );
    for session in &sessions {
        assert!(app.knows(&text(session, "token")).await);
    }
    app.refresh(&next).await.expect(200);
}

#[tokio::test]
async fn what_was_never_a_token_changes_nothing() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for token in [
        "",
        "x",
        &"A".repeat(43),
        &"A".repeat(5000),
        &person.token,
        &person.id,
    ] {
        app.refresh(token)
            .await
            .expect_problem(401, "session-ended");
    }
    let unknown = app
        .anonymous
        .post(
            "/api/auth/refresh",
            &json!({ "refreshToken": "x", "userId": 1 }),
        )
        .await;
    assert_eq!(unknown.expect_problem(400, "invalid-request"), ["userId"]);
    let nothing = app
        .anonymous
        .send(http::Method::POST, "/api/auth/refresh", |request| request)
        .await;
    nothing.expect_problem(415, "unsupported-media-type");
    app.refresh(&person.refresh).await.expect(200);
}

#[tokio::test]
async fn a_session_that_has_reached_its_age_cannot_be_refreshed() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    app.run("update sessions set expires_at = now()").await;
    app.refresh(&person.refresh)
        .await
        .expect_problem(401, "session-ended");
    assert!(!app.knows(&person.token).await);
}

#[tokio::test]
async fn no_readable_token_or_password_is_in_the_database() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let second = app.refresh(&person.refresh).await.expect(200).json();
    app.login(&person.email, "Wrong123!").await.expect(401);
    let mut connection = app.database.connect().await;
    let dump: String = sqlx::query_scalar(
        "select concat((select json_agg(u) from users u), (select json_agg(s) from sessions s),
           (select json_agg(t) from refresh_tokens t), (select json_agg(a) from attempts a), (select json_agg(o) from outbox o))",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(dump.contains("$argon2id$"));
    let tokens = [
        person.refresh.clone(),
        person.token.clone(),
        text(&second, "refreshToken"),
        text(&second, "token"),
    ];
    for secret in tokens
        .iter()
        .map(String::as_str)
        .chain([PASSWORD, "Wrong123!", "203.0.113.1"])
    {
        assert!(!dump.contains(secret), "{secret} is stored readably");
    }
}
