//! Running the program: crashes between two effects, a database that goes away, configuration, what it logs.

use std::{path::PathBuf, time::Duration};

use http::Method;
use serde_json::{Value, json};
use testkit::{Client, TemporaryDirectory, eventually};

use crate::app::{TestApp, wish};

#[tokio::test]
async fn while_the_database_is_away_the_service_says_so_and_recovers() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    app.order(&product, 1).await;
    app.database.take_away().await;
    let body = wish(&product, 1);
    let answer = eventually("the database is missed", || async {
        let answer = app.order_with_key(&app.customer, "away", &body).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    answer.expect_problem(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    app.anonymous.get("/livez").await.expect(200);
    app.database.give_back().await;
    eventually("the service is ready again", || async {
        (app.anonymous.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    app.order_with_key(&app.customer, "away", &body)
        .await
        .expect(201);
    assert_eq!(
        app.available(&product).await,
        3,
        "held once, however often it was tried"
    );
}

/// The real program beside the test's neighbours, on the test's database.
struct Program {
    child: tokio::process::Child,
    client: Client,
    log: PathBuf,
    _directory: TemporaryDirectory,
}

async fn program(app: &TestApp, failpoint: Option<&str>) -> Program {
    let directory = TemporaryDirectory::new(None);
    let (token, log) = (directory.path().join("token"), directory.path().join("log"));
    std::fs::write(&token, app.config.neighbours.internal_token_file.expose()).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_orders"));
    command
        .arg("serve")
        .env("ORDERS_LISTEN", "127.0.0.1:0")
        .env("ORDERS_DATABASE_URL", app.database.url())
        .env("ORDERS_NATS_URL", app.nats.url())
        .env(
            "ORDERS_JWKS",
            format!("file:{}", app.issuer.file().display()),
        )
        .env("ORDERS_INTERNAL_TOKEN_FILE", &token)
        .env("ORDERS_CATALOG_URL", &app.config.neighbours.catalog_url)
        .env("ORDERS_INVENTORY_URL", &app.config.neighbours.inventory_url)
        .env("ORDERS_IDENTITY_URL", &app.config.neighbours.identity_url)
        .env("LOG_LEVEL", "debug")
        .stdout(std::fs::File::create(&log).unwrap())
        .kill_on_drop(true);
    if let Some(failpoint) = failpoint {
        command.env("FAILPOINT", failpoint);
    }
    let child = command.spawn().unwrap();
    let address = eventually("the program listens", || async {
        let text = std::fs::read_to_string(&log).unwrap();
        let mut entries = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let listening = entries.find(|entry| entry["message"] == "listening")?;
        Some(listening["address"].as_str().unwrap().to_owned())
    })
    .await;
    Program {
        child,
        client: Client::new(&format!("http://{address}")),
        log,
        _directory: directory,
    }
}

impl Program {
    /// Waits for its end at a fail-point.
    async fn crashed(mut self) {
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        assert_eq!(status.expect("it ends").unwrap().code(), Some(137));
    }
}

/// The same as `Client::post`, for a server that dies before it answers.
async fn post_to_the_dying(client: &Client, token: &str, key: &str, body: Value) {
    let (client, key) = (client.with_token(token), key.to_owned());
    let mut request = tokio::task::JoinSet::new();
    request.spawn(async move {
        client
            .send(Method::POST, "/api/orders", |request| {
                request.header("idempotency-key", key).json(&body)
            })
            .await
    });
    // A connection that breaks is what was asked for.
    assert!(request.join_next().await.unwrap().is_err());
}

/// From here on the program is the only process of the service: nobody relays or consumes in its place.
async fn end_of_the_first_process(app: &TestApp) {
    app.process.shutdown.cancel();
    eventually("the first process has ended", || async {
        let leaders = app
            .number(
                "select count(*) from pg_locks l join pg_database d on d.oid = l.database
                 where l.locktype = 'advisory' and d.datname = current_database()",
            )
            .await;
        (leaders == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_crash_anywhere_while_placing_makes_one_order_after_the_retry() {
    for failpoint in [
        "orders.before_hold",
        "orders.after_hold",
        "orders.after_commit",
        "relay.before_publish",
        "relay.after_publish",
    ] {
        let app = TestApp::start().await;
        let product = app.product(5).await;
        end_of_the_first_process(&app).await;
        let token = app.issuer.token(app.customer_id, "customer");
        let crashing = program(&app, Some(failpoint)).await;
        let body = wish(&product, 2);
        if failpoint.starts_with("orders") {
            post_to_the_dying(&crashing.client, &token, "crash", body.clone()).await;
        } else {
            // It may answer before it dies, or not.
            let _ = tokio::time::timeout(Duration::from_secs(20), async {
                let mut request = tokio::task::JoinSet::new();
                let (client, body) = (crashing.client.with_token(&token), body.clone());
                request.spawn(async move {
                    client
                        .send(Method::POST, "/api/orders", |request| {
                            request.header("idempotency-key", "crash").json(&body)
                        })
                        .await
                });
                request.join_next().await
            })
            .await;
        }
        crashing.crashed().await;
        let healthy = program(&app, None).await;
        let customer = healthy.client.with_token(&token);
        app.order_with_key(&customer, "crash", &body)
            .await
            .expect(201);
        assert_eq!(
            app.number("select count(*) from orders").await,
            1,
            "{failpoint}"
        );
        assert_eq!(app.available(&product).await, 3, "{failpoint}");
        let messages = app.nats.messages("ORDERS", 2).await;
        assert_eq!(messages[0].0, "shop.orders.order_placed.v1", "{failpoint}");
        eventually("everything is told", || async {
            let unsent = app
                .number("select count(*) from outbox where stream_seq is null")
                .await;
            (unsent == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_crash_anywhere_in_the_saga_changes_nothing_about_its_end() {
    for failpoint in [
        "consumer.after_fetch",
        "consumer.before_commit",
        "consumer.after_commit",
        "consumer.after_ack",
        "orders.deadline_mid_batch",
        "orders.deadline_before_commit",
        "orders.deadline_after_commit",
        "orders.turn_before_commit",
        "orders.turn_after_commit",
    ] {
        let app = TestApp::start().await;
        let product = app.product(5).await;
        let order = app.order(&product, 2).await;
        end_of_the_first_process(&app).await;
        let crashing = program(&app, Some(failpoint)).await;
        let owner = app.issuer.token(app.customer_id, "customer");
        let cancel = format!("/api/orders/{}/cancel", order["id"].as_str().unwrap());
        if failpoint.starts_with("orders.deadline") {
            app.execute(
                "update orders set placed_at = placed_at - interval '11 minutes', deadline = now()",
            )
            .await;
        } else if failpoint.starts_with("orders.turn") {
            let mut request = tokio::task::JoinSet::new();
            let (client, cancel) = (crashing.client.with_token(&owner), cancel.clone());
            request.spawn(async move { client.post(&cancel, &json!({})).await });
            assert!(request.join_next().await.unwrap().is_err());
        } else {
            app.started(&order).await;
        }
        crashing.crashed().await;
        let healthy = program(&app, None).await;
        let customer = healthy.client.with_token(&owner);
        customer.post(&cancel, &json!({})).await.expect(200);
        app.payment_cancelled(&order).await;
        let path = crate::app::path(&order);
        let order = eventually("the order has ended", || async {
            let order = customer.get(&path).await.expect(200).json();
            (order["state"] == "CANCELLED").then_some(order)
        })
        .await;
        let timeline = order["timeline"].as_array().unwrap();
        for (index, turn) in (1..).zip(timeline) {
            assert_eq!(turn["version"], index, "{failpoint}: {order}");
        }
        assert_eq!(app.available(&product).await, 5, "{failpoint}");
        for event in [
            "payment_cancel_requested",
            "stock_release_requested",
            "order_cancelled",
        ] {
            assert_eq!(
                app.events(&order, event).await.len(),
                1,
                "{failpoint}: {event}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_personal_or_secret_is_logged_even_when_everything_is() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let program = program(&app, None).await;
    let token = app.issuer.token(app.customer_id, "customer");
    let customer = program.client.with_token(&token);
    let order = app
        .order_with_key(&customer, "key-of-mine", &wish(&product, 1))
        .await
        .expect(201)
        .json();
    customer.get(&crate::app::path(&order)).await.expect(200);
    customer
        .post("/api/orders", &json!({ "items": [] }))
        .await
        .expect(400);
    let log = std::fs::read_to_string(&program.log).unwrap();
    assert!(log.contains("served"), "the log is complete");
    for secret in [
        token.as_str(),
        "123 Main St",
        "customer@example.com",
        app.config.neighbours.internal_token_file.expose(),
        "key-of-mine",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_a_port_is_bound() {
    for (name, value, expected) in [
        ("ORDERS_LISTEN", "everywhere", "invalid socket address"),
        ("ORDERS_JWKS", "ftp://keys", "is not a source of keys"),
        (
            "ORDERS_INTERNAL_TOKEN_FILE",
            "/nowhere",
            "cannot read the secret in /nowhere",
        ),
        ("ORDERS_PAYMENT_LIMIT_S", "0", "0 is not in"),
        (
            "ORDERS_DEFAULT_PAYMENT_METHOD",
            "cash",
            "must be a payment method",
        ),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_orders"))
            .arg("serve")
            .env_clear()
            .env(name, value)
            .output()
            .await
            .unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{talk}");
        assert!(talk.contains(expected), "{name}: {talk}");
    }
}
