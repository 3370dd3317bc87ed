//! How often one client may try to log in, whether it succeeds or not, on top of what failures cost.

use http::Method;

use crate::app::{PASSWORD, TestApp, demo, with};

const SOMEBODY: &str = "203.0.113.7";

#[tokio::test]
async fn logging_in_is_limited_more_than_anything_else_and_each_client_by_itself() {
    let app = TestApp::strict().await;
    let person = app.person("demo").await;
    for _ in 0..10 {
        app.login_from(SOMEBODY, &person.email, PASSWORD)
            .await
            .expect(200);
    }
    let refused = app.login_from(SOMEBODY, &person.email, PASSWORD).await;
    refused.expect_problem(429, "rate-limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-policy"), "\"logins\";q=10;w=30");
    app.login_from("203.0.113.8", &person.email, PASSWORD)
        .await
        .expect(200);
    // Registering counts with it, everything else does not.
    let register = app
        .anonymous
        .send(Method::POST, "/api/users/register", |request| {
            request.header("x-forwarded-for", SOMEBODY).json(&with(
                demo(),
                "email",
                "another@example.com",
            ))
        });
    register.await.expect_problem(429, "rate-limited");
    let me = person.client.send(Method::GET, "/api/users/me", |request| {
        request.header("x-forwarded-for", SOMEBODY)
    });
    me.await.expect(200);
    // After the time that it said.
    testkit::eventually("the next try is let through", || async {
        let answer = app.login_from(SOMEBODY, &person.email, PASSWORD).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn failures_slow_down_long_before_and_the_owner_elsewhere_is_never_locked_out() {
    let app = TestApp::strict().await;
    let person = app.person("demo").await;
    for _ in 0..5 {
        let answer = app.login_from(SOMEBODY, &person.email, "Wrong123!").await;
        answer.expect_problem(401, "wrong-credentials");
    }
    let refused = app.login_from(SOMEBODY, &person.email, PASSWORD).await;
    refused.expect_problem(429, "too-many-attempts");
    app.login_from("198.51.100.1", &person.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_guesser_with_a_network_of_ipv6_is_one_guesser() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for number in 0..5 {
        let address = format!("2001:db8:1:2::{number}");
        let answer = app.login_from(&address, &person.email, "Wrong123!").await;
        answer.expect_problem(401, "wrong-credentials");
    }
    let refused = app
        .login_from("2001:db8:1:2:9999::9", &person.email, PASSWORD)
        .await;
    refused.expect_problem(429, "too-many-attempts");
    app.login_from("2001:db8:1:3::1", &person.email, PASSWORD)
        .await
        .expect(200);
}
