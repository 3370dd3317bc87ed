//! Running the service: health, a database that goes away, metrics, configuration.

use contracts::OrderId;

use crate::{app::TestApp, books};

#[tokio::test]
async fn while_the_database_is_away_nothing_is_promised_and_then_it_goes_on() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    app.anonymous.get("/readyz").await.expect(200);
    app.database.take_away().await;
    testkit::eventually("the service is not ready", || async {
        (app.anonymous.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    app.anonymous.get("/livez").await.expect(200);
    let order = OrderId::generate();
    let answer = app.hold(order, &[product.line(1)]).await;
    answer.expect_problem(503, "unavailable");
    assert_ne!(answer.header("retry-after"), "");
    app.vendor
        .get("/api/inventory")
        .await
        .expect_problem(503, "unavailable");
    app.database.give_back().await;
    testkit::eventually("the same order is held", || async {
        let status = app.hold(order, &[product.line(1)]).await.status.as_u16();
        [200, 201].contains(&status).then_some(())
    })
    .await;
    assert_eq!(app.available(product).await, 4);
    books::check(&app.database).await;
}

#[tokio::test]
async fn metrics_count_what_a_client_counts() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.held(product, 2).await;
    app.hold(order, &[product.line(2)]).await.expect(200);
    app.hold(order, &[product.line(1)]).await.expect(409);
    for _ in 0..3 {
        app.hold(OrderId::generate(), &[product.line(4)])
            .await
            .expect(409);
    }
    let holds = |outcome: &str| format!("shop_holds_total{{outcome=\"{outcome}\"}}");
    for (outcome, count) in [
        ("held", 1),
        ("repeated", 1),
        ("differs", 1),
        ("short", 3),
        ("failed", 0),
    ] {
        assert_eq!(app.metric(&holds(outcome)).await, count, "{outcome}");
    }
    assert_eq!(
        app.metric("shop_stock_requests_total{operation=\"restock\",outcome=\"done\"}")
            .await,
        1
    );
    // Added up when a replica starts, and now and then.
    let mut app = app;
    let replica = app.replica().await;
    testkit::eventually("what there is has been added up", || async {
        let scrape = replica.get("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&scrape.body).into_owned();
        let has = |line| text.lines().any(|given| given == line);
        let all = has("shop_stock_units{state=\"available\"} 3")
            && has("shop_stock_units{state=\"reserved\"} 2")
            && has("shop_stock_shelves{level=\"ok\"} 1");
        all.then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_ledger_cannot_be_rewritten() {
    let app = TestApp::start().await;
    app.product(5).await;
    let mut connection = app.database.connect().await;
    for statement in [
        "update stock_ledger set d_on_hand = 6",
        "delete from stock_ledger",
        "truncate stock_ledger",
    ] {
        let refused = sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("only ever added to"),
            "{refused}"
        );
    }
    let oversold = sqlx::query("update stock set reserved = 6, alert_level = 'out'")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert!(
        oversold.to_string().contains("stock_reserves_what_it_has"),
        "{oversold}"
    );
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_a_port_is_bound() {
    for (name, value, expected) in [
        ("INVENTORY_LISTEN", "everywhere", "invalid socket address"),
        (
            "INVENTORY_INTERNAL_TOKEN_FILE",
            "/nowhere",
            "cannot read the secret in /nowhere",
        ),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_inventory"))
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
