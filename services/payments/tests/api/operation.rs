//! Running the program: its log, its metrics, its configuration, and its life without database or broker.

use serde_json::{Value, json};
use testkit::{TemporaryDirectory, eventually};

use crate::{
    app::{API_KEY, DECLINED, Order, Shop, WEBHOOK_SECRET, order},
    program::Program,
};

#[tokio::test]
async fn no_secret_is_logged_even_when_everything_is() {
    let shop = Shop::closed().await;
    let mut program = Program::start(&shop, &[("LOG_LEVEL", "trace,h2=off")]);
    program.until_ready(&shop).await;
    let order = shop.paid().await;
    shop.refund(&order, 1_000).await;
    shop.until(&order, "REFUNDED").await;
    let token = shop.issuer.token(order.user.0, "customer");
    shop.client()
        .with_token(&token)
        .get(&format!("/api/payments/{}", order.id))
        .await
        .expect(200);
    program.signal("TERM");
    assert!(program.wait().await.success());
    let log = program.log();
    assert!(log.contains("a payment took a turn"), "the log is complete");
    for line in log.lines() {
        serde_json::from_str::<Value>(line).expect("every line of the log is JSON");
    }
    for secret in [API_KEY, WEBHOOK_SECRET, &token] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn metrics_count_what_the_books_say() {
    let shop = Shop::open().await;
    let paid = shop.paid().await;
    shop.refund(&paid, 1_000).await;
    shop.until(&paid, "REFUNDED").await;
    let declined = Order::by(DECLINED);
    shop.request(&declined).await;
    shop.until(&declined, "DECLINED").await;
    for (outcome, number) in [
        ("started", 2.0),
        ("captured", 1.0),
        ("declined", 1.0),
        ("refunded", 1.0),
        ("cancelled", 0.0),
        ("manual", 0.0),
    ] {
        let line = format!("shop_payments_total{{outcome=\"{outcome}\"}}");
        assert_eq!(shop.metric(&line).await, Some(number), "{outcome}");
    }
    let calls = |outcome: &str| {
        format!(
            "payments_provider_call_duration_seconds_count{{operation=\"charge\",outcome=\"{outcome}\"}}"
        )
    };
    assert_eq!(shop.metric(&calls("answered")).await, Some(1.0));
    assert_eq!(shop.metric(&calls("declined")).await, Some(3.0));
    assert_eq!(shop.metric("shop_payments_in_doubt").await, Some(0.0));
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_lost() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "latencyMs": 300 })).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    shop.database.take_away().await;
    let admin = shop.admin();
    admin
        .get("/api/payments")
        .await
        .expect_problem(503, "unavailable");
    shop.client().get("/readyz").await.expect(503);
    let later = self::order();
    shop.request(&later).await;
    eventually("the provider has charged", || async {
        (shop.psp.charges(&order).await == 1).then_some(())
    })
    .await;
    shop.database.give_back().await;
    // The first one's answer could not be noted: its lease runs out, and it is asked for again.
    shop.run(
        "update payment set next_at = now() where order_id = $1 and next_at is not null",
        &order,
    )
    .await;
    for order in [&order, &later] {
        shop.until(order, "CAPTURED").await;
        assert_eq!(shop.psp.charges(order).await, 1);
    }
    shop.books_agree().await;
}

#[tokio::test]
async fn while_the_broker_is_away_payments_go_on_and_are_told_later() {
    let mut shop = Shop::open().await;
    shop.psp.knobs(json!({ "latencyMs": 500 })).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    shop.nats.kill();
    shop.until(&order, "CAPTURED").await;
    shop.client().get("/readyz").await.expect(200);
    shop.nats.resume();
    let messages = shop.nats.messages("PAYMENTS", 2).await;
    assert_eq!(messages[1].1["data"]["orderId"], order.id.to_string());
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_a_port_is_bound() {
    let directory = TemporaryDirectory::new(None);
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    for (name, value, expected) in [
        ("PAYMENTS_LISTEN", "everywhere", "invalid socket address"),
        ("PAYMENTS_PSP_URL", "psp:7950", "is not an address"),
        (
            "PAYMENTS_PSP_API_KEY_FILE",
            "/nowhere",
            "cannot read the secret in /nowhere",
        ),
        (
            "PAYMENTS_PSP_WEBHOOK_SECRET_FILE",
            empty.to_str().unwrap(),
            "is empty",
        ),
        (
            "PAYMENTS_RETRY_PAUSES_MS",
            "1s",
            "is not a list of milliseconds",
        ),
        ("PAYMENTS_PSP_CONCURRENCY", "0", "number would be zero"),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_payments"))
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
