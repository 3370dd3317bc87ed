//! Logging in: the same answer for everything that is wrong, and slower for who guesses, never for the owner.

use std::time::{Duration, Instant};

use chassis::auth::cookie;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn an_address_and_its_password_make_a_session() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let session = app
        .login(" Demo@Example.com", PASSWORD)
        .await
        .expect(200)
        .json();
    assert_eq!(session["user"]["id"], json!(person.id));
    assert_eq!(session["expiresIn"], 600);
    assert!(app.knows(session["token"].as_str().unwrap()).await);
    assert_ne!(session["refreshToken"], json!(person.refresh));
    // Twice the same are two sessions, and the first one goes on.
    app.login("demo@example.com", PASSWORD).await.expect(200);
    assert!(app.knows(&person.token).await);
    assert_eq!(app.count("sessions").await, 3);
}

#[tokio::test]
async fn nobody_learns_whether_an_address_has_an_account() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let answer = |answer: testkit::Answer| {
        answer.expect_problem(401, "wrong-credentials");
        let mut body = answer.json();
        body["requestId"] = Value::Null;
        (body, answer.headers.len())
    };
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    let mut answers = Vec::new();
    for round in 0..4 {
        let started = Instant::now();
        answers.push(answer(
            app.login_from(&format!("10.0.0.{round}"), &person.email, "Wrong123!")
                .await,
        ));
        known.push(started.elapsed());
        let started = Instant::now();
        answers.push(answer(
            app.login_from(
                &format!("10.0.0.{round}"),
                "nobody@example.com",
                "Wrong123!",
            )
            .await,
        ));
        unknown.push(started.elapsed());
    }
    assert!(
        answers.iter().all(|other| *other == answers[0]),
        "{answers:?}"
    );
    let fastest = |times: Vec<Duration>| times.into_iter().min().unwrap();
    let (known, unknown) = (fastest(known), fastest(unknown));
    // A hash takes ten times as long as everything else.
    assert!(
        known < unknown * 3 && unknown < known * 3,
        "{known:?} and {unknown:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_named() {
    let app = TestApp::start().await;
    let right = json!({ "email": "demo@example.com", "password": PASSWORD });
    for (field, value) in [
        ("email", json!("demo")),
        ("email", Value::Null),
        ("password", json!("x".repeat(129))),
        ("password", json!(12_345_678)),
        ("session", json!("localStorage")),
        ("remember", json!(true)),
    ] {
        let mut body = right.clone();
        body[field] = value;
        let fields = app
            .anonymous
            .post("/api/users/login", &body)
            .await
            .expect_problem(400, "invalid-request");
        assert_eq!(fields, [field]);
    }
    let form = app
        .anonymous
        .send(Method::POST, "/api/users/login", |request| {
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body("email=a&password=b")
        });
    form.await.expect_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn who_guesses_waits_longer_and_longer_and_the_owner_does_not() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for _ in 0..5 {
        app.login_from("198.51.100.66", &person.email, "Wrong123!")
            .await
            .expect_problem(401, "wrong-credentials");
    }
    let refused = app
        .login_from("198.51.100.66", &person.email, "Wrong123!")
        .await;
    refused.expect_problem(429, "too-many-attempts");
    assert_eq!(refused.header("retry-after"), "1");
    // A stranger's failures, however many, are the stranger's own.
    app.run("update attempts set failures = 1000").await;
    let refused = app
        .login_from("198.51.100.66", &person.email, PASSWORD)
        .await;
    refused.expect_problem(429, "too-many-attempts");
    assert!(
        refused.header("retry-after").parse::<u64>().unwrap() <= 900,
        "nobody waits for ever"
    );
    app.login_from("203.0.113.20", &person.email, PASSWORD)
        .await
        .expect(200);
    // And the wait ends, though nobody asked for it to.
    app.run("update attempts set last_at = last_at - interval '15 minutes'")
        .await;
    app.login_from("198.51.100.66", &person.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_browser_that_the_owner_has_used_is_not_slowed_down_by_a_stranger_at_the_same_address() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let log_in = |password: &'static str, device: Option<String>| {
        let body = json!({ "email": person.email, "password": password, "session": "cookie" });
        let client = app.anonymous.clone();
        async move {
            client
                .send(Method::POST, "/api/users/login", |request| {
                    let request = request
                        .header("x-forwarded-for", "198.51.100.7")
                        .json(&body);
                    match device {
                        Some(device) => request.header("cookie", format!("argosy_device={device}")),
                        None => request,
                    }
                })
                .await
        }
    };
    let answer = log_in(PASSWORD, None).await.expect(200);
    let set = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap());
    let jar: HeaderMap = set
        .map(|line| {
            (
                http::header::COOKIE,
                line.split(';').next().unwrap().parse().unwrap(),
            )
        })
        .collect();
    let device = cookie(&jar, "argosy_device").unwrap().to_owned();
    for _ in 0..5 {
        log_in("Wrong123!", None)
            .await
            .expect_problem(401, "wrong-credentials");
    }
    log_in(PASSWORD, None)
        .await
        .expect_problem(429, "too-many-attempts");
    log_in(PASSWORD, Some(device.clone())).await.expect(200);
    // The device cookie of one account opens no second set of tries at another one, and does not sign in.
    let other = app.person("other").await;
    assert_ne!(other.id, person.id);
    assert!(!app.knows(&device).await);
    log_in("Wrong123!", Some("made-up".to_owned()))
        .await
        .expect_problem(429, "too-many-attempts");
}

#[tokio::test]
async fn a_client_that_tries_many_accounts_is_slowed_down_whatever_it_finds() {
    let app = TestApp::start().await;
    app.person("demo").await;
    app.login_from("198.51.100.8", "one@example.com", "Wrong123!")
        .await
        .expect(401);
    app.run("update attempts set failures = 40").await;
    let refused = app
        .login_from("198.51.100.8", "demo@example.com", PASSWORD)
        .await;
    refused.expect_problem(429, "too-many-attempts");
    app.login_from("198.51.100.9", "demo@example.com", PASSWORD)
        .await
        .expect(200);
}
