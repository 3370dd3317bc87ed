//! Logging out: at once here, and within a second in every other service.

use std::time::{Duration, Instant};

use axum::{Router, extract::FromRef, routing::get};
use chassis::{
    Process,
    auth::{Caller, KeySource, TokenRules, Verifier},
    health::Readiness,
    metrics::HttpMetrics,
    server,
};
use http::Method;
use testkit::Client;
use tokio::task::JoinSet;

use crate::app::{PASSWORD, TestApp};

#[derive(Clone)]
struct Other(Verifier);

impl FromRef<Other> for Verifier {
    fn from_ref(other: &Other) -> Self {
        other.0.clone()
    }
}

/// Another service, which knows of identity only where its keys are.
async fn another_service(app: &TestApp, tasks: &mut JoinSet<()>) -> Client {
    let process = Process::new("other");
    let keys: KeySource = format!("{}/.well-known/jwks.json", app.url)
        .parse()
        .unwrap();
    let rules = TokenRules {
        issuer: "argosy".to_owned(),
        audience: "argosy".to_owned(),
    };
    let verifier = Other(Verifier::new(keys, &rules, &process.metrics));
    let who = |caller: Caller| async move { caller.principal.user.to_string() };
    let whoami = Router::new().route("/who", get(who)).with_state(verifier);
    let readiness = Readiness::new(process.shutdown.clone());
    let router = server::router(
        whoami,
        &process,
        readiness,
        HttpMetrics::new(&process.metrics),
    );
    let listener = server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move { server::serve(listener, router, &process).await.unwrap() });
    Client::new(&url)
}

async fn post(client: &Client, path: &str) {
    client
        .send(Method::POST, path, |request| request)
        .await
        .expect(204);
}

#[tokio::test]
async fn a_log_out_counts_at_once_here_and_within_a_second_elsewhere() {
    let (app, mut tasks) = (TestApp::start().await, JoinSet::new());
    let (person, other) = (app.person("demo").await, app.person("other").await);
    let service = another_service(&app, &mut tasks).await;
    let as_person = service.with_token(&person.token);
    assert_eq!(as_person.get("/who").await.expect(200).body, person.id);
    post(&person.client, "/api/auth/logout").await;
    let ended = Instant::now();
    assert!(!app.knows(&person.token).await);
    app.refresh(&person.refresh)
        .await
        .expect_problem(401, "session-ended");
    testkit::eventually("the other service knows", || async {
        (as_person.get("/who").await.status == 401).then_some(())
    })
    .await;
    assert!(
        ended.elapsed() < Duration::from_secs(1),
        "{:?}",
        ended.elapsed()
    );
    as_person
        .get("/who")
        .await
        .expect_problem(401, "unauthenticated");
    service
        .with_token(&other.token)
        .get("/who")
        .await
        .expect(200);
    // A service that starts only now knows too.
    let late = another_service(&app, &mut tasks).await;
    late.with_token(&person.token)
        .get("/who")
        .await
        .expect_problem(401, "unauthenticated");
    // Logging out again: there is no session to end.
    let again = person
        .client
        .send(Method::POST, "/api/auth/logout", |request| request)
        .await;
    again.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_of_one_person() {
    let (app, mut tasks) = (TestApp::start().await, JoinSet::new());
    let (person, other) = (app.person("demo").await, app.person("other").await);
    let elsewhere = app.person_of(&app.login(&person.email, PASSWORD).await.expect(200));
    let service = another_service(&app, &mut tasks).await;
    service
        .with_token(&elsewhere.token)
        .get("/who")
        .await
        .expect(200);
    post(&person.client, "/api/auth/logout-all").await;
    for token in [&person.token, &elsewhere.token] {
        assert!(!app.knows(token).await);
        let client = service.with_token(token);
        testkit::eventually("the other service knows", || async {
            (client.get("/who").await.status == 401).then_some(())
        })
        .await;
    }
    assert!(app.knows(&other.token).await);
    app.login(&person.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn what_a_service_once_heard_it_remembers_while_identity_is_away() {
    let (app, mut tasks) = (TestApp::start().await, JoinSet::new());
    let (person, other) = (app.person("demo").await, app.person("other").await);
    let service = another_service(&app, &mut tasks).await;
    post(&person.client, "/api/auth/logout").await;
    service
        .with_token(&person.token)
        .get("/who")
        .await
        .expect_problem(401, "unauthenticated");
    app.database.take_away().await;
    for _ in 0..3 {
        service
            .with_token(&person.token)
            .get("/who")
            .await
            .expect_problem(401, "unauthenticated");
        service
            .with_token(&other.token)
            .get("/who")
            .await
            .expect(200);
    }
    let never_heard = another_service(&app, &mut tasks).await;
    never_heard
        .with_token(&other.token)
        .get("/who")
        .await
        .expect_problem(503, "unavailable");
    app.database.give_back().await;
}

#[tokio::test]
async fn the_list_tells_what_is_new_since_the_last_question() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let list = app
        .anonymous
        .get("/.well-known/revocations")
        .await
        .expect(200)
        .json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 0);
    post(&person.client, "/api/auth/logout").await;
    let path = format!(
        "/.well-known/revocations?after={}",
        list["next"].as_str().unwrap()
    );
    let list = app.anonymous.get(&path).await.expect(200).json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    app.run("update sessions set ended_at = ended_at - interval '1 minute'")
        .await;
    let path = format!(
        "/.well-known/revocations?after={}",
        list["next"].as_str().unwrap()
    );
    let list = app.anonymous.get(&path).await.expect(200).json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 0);
    let whole = app
        .anonymous
        .get("/.well-known/revocations")
        .await
        .expect(200)
        .json();
    assert_eq!(whole["sessions"].as_array().unwrap().len(), 1);
    app.run("update sessions set ended_at = ended_at - interval '12 minutes'")
        .await;
    let whole = app
        .anonymous
        .get("/.well-known/revocations")
        .await
        .expect(200)
        .json();
    assert_eq!(
        whole["sessions"].as_array().unwrap().len(),
        0,
        "their tokens have run out by themselves"
    );
    for wrong in ["x", "-1", "99999999999999999999"] {
        let answer = app
            .anonymous
            .get(&format!("/.well-known/revocations?after={wrong}"))
            .await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), ["after"]);
    }
}
