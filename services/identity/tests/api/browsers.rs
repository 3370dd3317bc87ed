//! Browsers: sessions in cookies, which count for a change only from a page of our own.

use http::Method;
use serde_json::{Value, json};
use testkit::Answer;

use crate::app::{PASSWORD, TestApp};

/// Name, value and attributes of each cookie that an answer sets.
fn set_cookies(answer: &Answer) -> Vec<(String, String, String)> {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines
        .map(|line| {
            let (pair, attributes) = line.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned(), attributes.to_owned())
        })
        .collect()
}

fn jar(answer: &Answer) -> String {
    let pairs = set_cookies(answer)
        .into_iter()
        .map(|(name, value, _)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("; ")
}

struct Browser<'a> {
    app: &'a TestApp,
    jar: String,
}

impl Browser<'_> {
    async fn send(
        &self,
        method: Method,
        path: &str,
        origin: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        self.app
            .anonymous
            .send(method, path, |request| {
                let request = request.header("cookie", &self.jar);
                let request = match origin {
                    Some(origin) => request.header("origin", origin),
                    None => request,
                };
                match body {
                    Some(body) => request.json(&body),
                    None => request,
                }
            })
            .await
    }
}

async fn log_in(app: &TestApp) -> Answer {
    let body = json!({ "email": "demo@example.com", "password": PASSWORD, "session": "cookie" });
    app.anonymous
        .post("/api/users/login", &body)
        .await
        .expect(200)
}

#[tokio::test]
async fn a_browser_gets_cookies_that_scripts_cannot_read_and_no_token_in_the_body() {
    let app = TestApp::start().await;
    app.person("demo").await;
    let answer = log_in(&app).await;
    let session = answer.json();
    assert!(
        session.get("token").is_none() && session.get("refreshToken").is_none(),
        "{session}"
    );
    let names: Vec<String> = set_cookies(&answer)
        .into_iter()
        .map(|(name, _, _)| name)
        .collect();
    assert_eq!(names, ["argosy_access", "argosy_refresh", "argosy_device"]);
    for (name, value, attributes) in set_cookies(&answer) {
        assert!(
            attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
            "{name}: {attributes}"
        );
        assert!(
            !attributes.contains("Secure")
                && !answer
                    .body
                    .windows(value.len())
                    .any(|bytes| bytes == value.as_bytes())
        );
    }
    let over_tls = app
        .anonymous
        .send(Method::POST, "/api/users/login", |request| {
            let body =
                json!({ "email": "demo@example.com", "password": PASSWORD, "session": "cookie" });
            request.header("x-forwarded-proto", "https").json(&body)
        });
    let over_tls = over_tls.await.expect(200);
    assert!(
        set_cookies(&over_tls)
            .iter()
            .all(|(_, _, attributes)| attributes.contains("; Secure"))
    );
}

#[tokio::test]
async fn a_cookie_counts_for_reading_and_for_changes_from_our_own_pages_only() {
    let app = TestApp::start().await;
    app.person("demo").await;
    let browser = Browser {
        jar: jar(&log_in(&app).await),
        app: &app,
    };
    browser
        .send(Method::GET, "/api/users/me", None, None)
        .await
        .expect(200);
    let rename = |name: &str| Some(json!({ "firstName": name }));
    for origin in [
        None,
        Some("http://evil.example"),
        Some("null"),
        Some("http://127.0.0.1:1"),
    ] {
        let answer = browser
            .send(Method::PATCH, "/api/users/me", origin, rename("Evil"))
            .await;
        answer.expect_problem(403, "cross-origin");
    }
    for path in [
        "/api/auth/refresh",
        "/api/auth/logout",
        "/api/auth/logout-all",
    ] {
        browser
            .send(Method::POST, path, Some("http://evil.example"), None)
            .await
            .expect_problem(403, "cross-origin");
    }
    let own = browser
        .send(
            Method::PATCH,
            "/api/users/me",
            Some(&app.url),
            rename("Good"),
        )
        .await;
    assert_eq!(own.expect(200).json()["firstName"], "Good");
    // A bearer token needs no origin: no page can make a browser send one.
    let person = app.person_of(&app.login("demo@example.com", PASSWORD).await.expect(200));
    person
        .client
        .patch("/api/users/me", &json!({ "firstName": "Ada" }))
        .await
        .expect(200);
}

#[tokio::test]
async fn another_sites_page_cannot_sign_a_browser_in() {
    let app = TestApp::start().await;
    app.person("demo").await;
    let browser = Browser {
        jar: String::new(),
        app: &app,
    };
    let body = json!({ "email": "demo@example.com", "password": PASSWORD, "session": "cookie" });
    let foreign = browser
        .send(
            Method::POST,
            "/api/users/login",
            Some("http://evil.example"),
            Some(body.clone()),
        )
        .await;
    foreign.expect_problem(403, "cross-origin");
    assert!(set_cookies(&foreign).is_empty());
    browser
        .send(Method::POST, "/api/users/login", Some(&app.url), Some(body))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_browsers_session_is_refreshed_and_ended_by_its_cookies() {
    let app = TestApp::start().await;
    app.person("demo").await;
    let first = Browser {
        jar: jar(&log_in(&app).await),
        app: &app,
    };
    let refreshed = first
        .send(Method::POST, "/api/auth/refresh", Some(&app.url), None)
        .await
        .expect(200);
    assert!(refreshed.json().get("token").is_none());
    let second = Browser {
        jar: jar(&refreshed),
        app: &app,
    };
    assert_ne!(first.jar, second.jar);
    second
        .send(Method::GET, "/api/users/me", None, None)
        .await
        .expect(200);
    // The access cookie has run out: the refresh cookie is enough to log out.
    let refresh_only = second
        .jar
        .split("; ")
        .find(|pair| pair.starts_with("argosy_refresh="))
        .unwrap()
        .to_owned();
    let late = Browser {
        jar: refresh_only,
        app: &app,
    };
    let ended = late
        .send(Method::POST, "/api/auth/logout", Some(&app.url), None)
        .await
        .expect(204);
    for (name, value, attributes) in set_cookies(&ended) {
        assert!(
            value.is_empty() && attributes.contains("Max-Age=0"),
            "{name}"
        );
    }
    second
        .send(Method::GET, "/api/users/me", None, None)
        .await
        .expect_problem(401, "unauthenticated");
    let over = second
        .send(Method::POST, "/api/auth/refresh", Some(&app.url), None)
        .await;
    over.expect_problem(401, "session-ended");
    assert_eq!(
        set_cookies(&over).len(),
        2,
        "cookies of an ended session are taken away"
    );
}
