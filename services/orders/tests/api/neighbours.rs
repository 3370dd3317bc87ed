//! Catalogue and inventory: away, and back.

use testkit::eventually;

use crate::app::{Setup, TestApp, path, wish};

#[tokio::test]
async fn without_inventory_nothing_is_ordered_and_everything_else_works() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let before = app.stored().await;
    app.inventory_process.shutdown.cancel();
    let answer = eventually("inventory is missed", || async {
        let answer = app.customer.post("/api/orders", &wish(&product, 1)).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    answer.expect_problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    app.customer.get(&path(&order)).await.expect(200);
    app.customer.get("/api/orders").await.expect(200);
    app.captured(&order).await;
    app.wait_for_state(&order, "PAID").await;
    let now = app.stored().await;
    assert_eq!(now["lines"], before["lines"]);
}

#[tokio::test]
async fn after_five_failures_inventory_is_not_asked_for_a_while() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    app.order(&product, 1).await;
    app.inventory_process.shutdown.cancel();
    let state = "circuit_breaker_state{target=\"inventory\"} ";
    let body = wish(&product, 1);
    eventually("the breaker opens", || async {
        app.customer.post("/api/orders", &body).await;
        (app.metric(state).await == 2).then_some(())
    })
    .await;
    let not_asked = "peer_calls_total{outcome=\"not_asked\",target=\"inventory\"} ";
    eventually("inventory is left alone", || async {
        let answer = app.customer.post("/api/orders", &body).await;
        answer.expect_problem(503, "unavailable");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
        (app.metric(not_asked).await >= 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn prices_are_remembered_for_a_moment_without_the_catalogue() {
    let app = TestApp::start().await;
    let (known, unknown) = (app.product(5).await, app.product(5).await);
    app.order(&known, 1).await;
    app.catalog_process.shutdown.cancel();
    eventually("the catalogue is missed", || async {
        let answer = app.customer.post("/api/orders", &wish(&unknown, 1)).await;
        (answer.status == 503).then(|| answer.expect_problem(503, "unavailable"))
    })
    .await;
    app.order(&known, 1).await;
}

#[tokio::test]
async fn without_the_catalogue_and_without_memory_nothing_is_ordered() {
    let app = TestApp::with(Setup {
        offers_remembered_ms: 0,
        ..Setup::default()
    })
    .await;
    let product = app.product(5).await;
    app.order(&product, 1).await;
    let before = app.stored().await;
    app.catalog_process.shutdown.cancel();
    eventually("the catalogue is missed", || async {
        let answer = app.customer.post("/api/orders", &wish(&product, 1)).await;
        (answer.status == 503).then_some(())
    })
    .await;
    let now = app.stored().await;
    assert!(now["orders"].as_array().unwrap().len() >= before["orders"].as_array().unwrap().len());
}

#[tokio::test]
async fn what_is_not_for_sale_any_more_is_named() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    app.order(&product, 1).await;
    app.catalog
        .delete(&format!("/api/products/{}", product.id))
        .await
        .expect(204);
    app.wait_until_heard("orders_product_archived", "handled", 1)
        .await;
    let answer = app.customer.post("/api/orders", &wish(&product, 1)).await;
    assert_eq!(
        answer.expect_problem(409, "not-for-sale"),
        ["items[0].productId"]
    );
    assert_eq!(
        app.metric("shop_orders_total{outcome=\"conflict\"} ").await,
        1
    );
}
