//! Running the service: health, unknown addresses, a database that goes away, an end that loses nothing.

use std::{process::Stdio, time::Duration};

use http::Method;
use testkit::{Client, Issuer, TestDatabase};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::app::TestApp;

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    app.anonymous
        .get("/api/nothing")
        .await
        .expect_problem(404, "not-found");
    let answer = app
        .anonymous
        .send(Method::PUT, "/api/products", |request| request)
        .await;
    answer.expect_problem(405, "method-not-allowed");
    assert!(answer.header("allow").contains("GET"));
}

#[tokio::test]
async fn a_request_keeps_the_id_that_the_edge_gave_it() {
    let app = TestApp::start().await;
    let id = "0190a000-0000-7000-8000-00000000beef";
    let answer = app
        .anonymous
        .send(Method::GET, "/api/nothing", |request| {
            request.header("x-request-id", id)
        })
        .await;
    assert_eq!(answer.header("x-request-id"), id);
    answer.expect_problem(404, "not-found");
}

#[tokio::test]
async fn while_the_database_is_away_the_service_lives_says_so_and_recovers() {
    let app = TestApp::start().await;
    app.anonymous.get("/readyz").await.expect(200);
    app.database.take_away().await;
    testkit::eventually("the service is not ready", || async {
        (app.anonymous.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    app.anonymous.get("/livez").await.expect(200);
    let answer = app.list(&[]).await;
    assert_eq!(
        answer.status,
        503,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.expect_problem(503, "unavailable");
    app.database.give_back().await;
    testkit::eventually("the service is ready again", || async {
        (app.anonymous.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    app.list(&[]).await.expect(200);
}

#[tokio::test]
async fn metrics_count_what_a_client_counts() {
    let app = TestApp::start().await;
    for _ in 0..7 {
        app.list(&[]).await.expect(200);
    }
    for _ in 0..3 {
        app.list(&[("sort", "random")])
            .await
            .expect_problem(400, "invalid-request");
    }
    let scrape = app.anonymous.get("/metrics").await.expect(200);
    assert!(scrape.header("content-type").starts_with("text/plain"));
    let text = String::from_utf8_lossy(&scrape.body);
    let count = |status: &str| {
        let series = format!(
            "http_server_request_duration_seconds_count{{http_request_method=\"GET\",http_response_status_code=\"{status}\",http_route=\"/api/products\"}} "
        );
        text.lines()
            .find_map(|line| line.strip_prefix(&series))
            .map(ToOwned::to_owned)
    };
    assert_eq!(
        (
            count("200").as_deref(),
            count("400").as_deref(),
            count("500").as_deref()
        ),
        (Some("7"), Some("3"), Some("0"))
    );
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < 2_000, "{series} series");
}

/// The real program with its own database.
async fn program(database: &TestDatabase, issuer: &Issuer) -> (tokio::process::Child, String) {
    let secret = issuer.file().with_file_name("s3-secret");
    std::fs::write(&secret, "unused").unwrap();
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_catalog"))
        .arg("serve")
        .env("CATALOG_LISTEN", "127.0.0.1:0")
        .env("CATALOG_DATABASE_URL", database.url())
        .env("CATALOG_NATS_URL", "nats://127.0.0.1:1")
        .env("CATALOG_S3_ENDPOINT", "http://127.0.0.1:1")
        .env("CATALOG_S3_ACCESS_KEY", "argosy")
        .env("CATALOG_S3_SECRET_KEY_FILE", &secret)
        .env("CATALOG_INTERNAL_TOKEN_FILE", &secret)
        .env("CATALOG_JWKS", format!("file:{}", issuer.file().display()))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("the service ended before it listened");
        let entry: serde_json::Value =
            serde_json::from_str(&line).expect("every line of the log is JSON");
        if entry["message"] == "listening" {
            let address = entry["address"].as_str().unwrap().to_owned();
            let mut drained = tokio::task::JoinSet::new();
            drained.spawn(async move {
                while lines.next_line().await.is_ok_and(|line| line.is_some()) {}
            });
            drained.detach_all();
            return (child, address);
        }
    }
}

#[tokio::test]
async fn a_request_that_is_under_way_at_sigterm_is_answered_and_the_exit_code_is_zero() {
    let (database, issuer) = (
        TestDatabase::new(&catalog::MIGRATOR).await,
        Issuer::default(),
    );
    let (mut child, address) = program(&database, &issuer).await;
    Client::new(&format!("http://{address}"))
        .get("/readyz")
        .await
        .expect(200);

    // Half a request is in, and the rest comes after the signal.
    let token = issuer.token(uuid::Uuid::new_v4(), "vendor");
    let body = r#"{"name":"Laptop"}"#;
    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    testkit::eventually("the request is under way", || async {
        let scrape = Client::new(&format!("http://{address}"))
            .get("/metrics")
            .await;
        let text = String::from_utf8_lossy(&scrape.body).into_owned();
        text.contains("http_server_active_requests{http_request_method=\"POST\"} 1")
            .then_some(())
    })
    .await;
    let pid = child.id().unwrap().to_string();
    let signalled = std::process::Command::new("kill")
        .args(["-s", "TERM", &pid])
        .status()
        .unwrap();
    assert!(signalled.success());
    testkit::eventually("new connections are refused", || async {
        tokio::net::TcpStream::connect(&address)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let status = tokio::time::timeout(Duration::from_secs(10), child.wait())
        .await
        .expect("it ends")
        .unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_a_port_is_bound() {
    for (name, value, expected) in [
        ("CATALOG_JWKS", "ftp://keys", "is not a source of keys"),
        ("CATALOG_LISTEN", "everywhere", "invalid socket address"),
        (
            "CATALOG_S3_SECRET_KEY_FILE",
            "/nowhere",
            "cannot read the secret in /nowhere",
        ),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_catalog"))
            .arg("serve")
            .env_clear()
            .env(name, value)
            .output()
            .await
            .unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{talk}");
        assert!(talk.contains(expected), "{talk}");
    }
}
