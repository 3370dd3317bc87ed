//! Holds whose time is over: set free once, and never after they have been sold.

use contracts::OrderId;
use futures::future::join_all;
use sqlx::Connection as _;
use testkit::Nats;

use crate::{app::TestApp, books, settling::commit};

#[tokio::test]
async fn what_nobody_asked_for_in_time_is_free_again_and_told_once() {
    let mut app = TestApp::start().await;
    let _replica = app.replica().await;
    let product = app.product(40).await;
    let orders = join_all((0..40).map(|_| app.held(product, 1))).await;
    assert_eq!(app.available(product).await, 0);
    app.run("update hold set expires_at = now() - interval '1 second'")
        .await;
    for order in &orders {
        app.until(*order, "EXPIRED").await;
    }
    assert_eq!(app.available(product).await, 40);
    assert_eq!(
        books::told(&app.database).await,
        ["stock_released expired"; 40]
    );
    let orders: i64 = app
        .one("select count(distinct aggregate_id) from outbox where payload ? 'orderId'")
        .await;
    assert_eq!(orders, 40);
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_hold_lasts_as_long_as_was_asked_for() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = OrderId::generate();
    let body = serde_json::json!({
        "orderId": order, "lines": [product.line(2)], "expiresInSeconds": 1
    });
    app.internal
        .post("/internal/holds", &body)
        .await
        .expect(201);
    app.until(order, "EXPIRED").await;
    assert_eq!(app.available(product).await, 5);
    books::check(&app.database).await;
}

#[tokio::test]
async fn what_has_been_sold_never_expires() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let (sold, left) = (app.held(product, 2).await, app.held(product, 3).await);
    commit(&nats, sold, 3).await;
    app.until(sold, "COMMITTED").await;
    app.run("update hold set expires_at = now() - interval '1 second'")
        .await;
    let waiting = app.held(product, 4).await;
    app.until(left, "EXPIRED").await;
    assert_eq!(app.state(sold).await.as_deref(), Some("COMMITTED"));
    assert_eq!(app.state(waiting).await.as_deref(), Some("HELD"));
    assert_eq!(
        books::told(&app.database).await,
        ["stock_committed ", "stock_released expired"]
    );
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_hold_whose_time_ends_while_it_is_being_committed_is_committed() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let order = app.held(product, 2).await;
    let mut connection = app.database.connect().await;
    let mut tx = connection.begin().await.unwrap();
    sqlx::query("update hold set expires_at = now() - interval '1 second' where order_id = $1")
        .bind(order.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    commit(&nats, order, 3).await;
    books::until_blocked(&app.database, 1).await;
    tx.commit().await.unwrap();
    app.until(order, "COMMITTED").await;
    // A later one that expires shows that the job has looked since.
    let later = app.held(product, 1).await;
    app.run("update hold set expires_at = now() - interval '1 second' where state = 'HELD'")
        .await;
    app.until(later, "EXPIRED").await;
    assert_eq!(app.state(order).await.as_deref(), Some("COMMITTED"));
    assert_eq!(
        books::told(&app.database).await,
        ["stock_committed ", "stock_released expired"]
    );
    books::check(&app.database).await;
}

#[tokio::test]
async fn commits_and_expiry_at_the_same_time_leave_every_paid_order_with_its_goods() {
    let nats = Nats::start();
    let mut app = TestApp::with_broker(&nats.url()).await;
    let _replica = app.replica().await;
    let product = app.product(60).await;
    let orders = join_all((0..60).map(|_| app.held(product, 1))).await;
    let paid = join_all(orders.iter().map(|order| commit(&nats, *order, 3)));
    let expire =
        app.run("update hold set expires_at = now() - interval '1 second' where state = 'HELD'");
    tokio::join!(paid, expire);
    for order in &orders {
        app.until(*order, "COMMITTED").await;
    }
    let told = books::told(&app.database).await;
    let committed = told
        .iter()
        .filter(|told| *told == "stock_committed ")
        .count();
    assert_eq!(committed, 60);
    assert_eq!(app.available(product).await, 0);
    assert_eq!(
        app.one::<i64>("select sum(on_hand)::bigint from stock")
            .await,
        0
    );
    books::check(&app.database).await;
}
