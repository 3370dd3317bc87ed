//! What orders ask of their holds, over the broker: committed, released, each answered exactly once.

use contracts::{
    OrderId,
    orders::{StockCommitRequested, StockReleaseRequested},
};
use testkit::Nats;
use uuid::Uuid;

use crate::{
    app::{Product, TestApp},
    books,
};

/// Asks for the goods; the version is the order's, not the hold's.
pub(crate) async fn commit(nats: &Nats, order_id: OrderId, version: i64) -> Uuid {
    let event_id = Uuid::now_v7();
    let event = StockCommitRequested { order_id, version };
    nats.tell("ORDERS", event_id, &event).await;
    event_id
}

/// Asks for them to be set free.
pub(crate) async fn release(nats: &Nats, order_id: OrderId, version: i64) -> Uuid {
    let event_id = Uuid::now_v7();
    let event = StockReleaseRequested { order_id, version };
    nats.tell("ORDERS", event_id, &event).await;
    event_id
}

async fn until_told(app: &TestApp, expected: &[&str]) {
    let what = format!("orders are told {expected:?}");
    testkit::eventually(&what, || async {
        (books::told(&app.database).await.len() >= expected.len()).then_some(())
    })
    .await;
    assert_eq!(books::told(&app.database).await, expected);
}

/// Makes the order's hold one whose time is over, and waits until that has been noticed.
async fn let_expire(app: &TestApp, order: OrderId) {
    app.run("update hold set expires_at = now() - interval '1 second' where state = 'HELD'")
        .await;
    app.until(order, "EXPIRED").await;
}

async fn shelf(app: &TestApp, product: Product) -> (i64, i64) {
    let mut connection = app.database.connect().await;
    sqlx::query_as("select on_hand, reserved from stock where variant_id = $1")
        .bind(product.variant.0)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn goods_of_a_paid_order_leave_the_shelf() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let order = app.held(product, 3).await;
    commit(&nats, order, 3).await;
    app.until(order, "COMMITTED").await;
    assert_eq!(shelf(&app, product).await, (7, 0));
    let messages = nats.messages("INVENTORY", 1).await;
    assert_eq!(messages[0].0, "shop.inventory.stock_committed.v1");
    assert_eq!(
        messages[0].1["data"],
        serde_json::json!({ "orderId": order, "version": 2 })
    );
    // What is committed stays held for whoever asks again.
    app.hold(order, &[product.line(3)]).await.expect(200);
    books::check(&app.database).await;
}

#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let (paid, cancelled) = (app.held(product, 3).await, app.held(product, 2).await);
    let committed = commit(&nats, paid, 3).await;
    app.until(paid, "COMMITTED").await;
    let released = release(&nats, cancelled, 3).await;
    app.until(cancelled, "RELEASED").await;
    let stored = books::stored(&app.database).await;
    for _ in 0..3 {
        let event = StockCommitRequested {
            order_id: paid,
            version: 3,
        };
        nats.tell("ORDERS", committed, &event).await;
        let event = StockReleaseRequested {
            order_id: cancelled,
            version: 3,
        };
        nats.tell("ORDERS", released, &event).await;
    }
    // Something behind them on both consumers shows that they have been read.
    let (later, latest) = (app.held(product, 1).await, app.held(product, 1).await);
    commit(&nats, later, 3).await;
    app.until(later, "COMMITTED").await;
    release(&nats, latest, 3).await;
    app.until(latest, "RELEASED").await;
    let mut after = books::stored(&app.database).await;
    assert_eq!(after["holds"].as_array().unwrap().len(), 4);
    for table in ["holds", "lines", "ledger"] {
        let known = stored[table].as_array().unwrap();
        let rows = after[table].as_array_mut().unwrap();
        assert!(known.iter().all(|row| rows.contains(row)), "{table}");
    }
    let told = [
        "stock_committed ",
        "stock_released released",
        "stock_committed ",
        "stock_released released",
    ];
    assert_eq!(books::told(&app.database).await, told);
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_release_before_its_hold_leaves_a_tombstone() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let order = OrderId::generate();
    release(&nats, order, 2).await;
    until_told(&app, &["stock_released released"]).await;
    app.hold(order, &[product.line(1)])
        .await
        .expect_problem(409, "hold-ended");
    assert_eq!(shelf(&app, product).await, (10, 0));
    assert_eq!(app.state(order).await.as_deref(), Some("RELEASED"));
}

#[tokio::test]
async fn every_release_is_answered_whatever_it_finds() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let order = app.held(product, 4).await;
    release(&nats, order, 2).await;
    until_told(&app, &["stock_released released"]).await;
    release(&nats, order, 3).await;
    until_told(&app, &["stock_released released"; 2]).await;
    assert_eq!(app.one::<i64>("select version from hold").await, 3);
    app.hold(order, &[product.line(4)])
        .await
        .expect_problem(409, "hold-ended");
    assert_eq!(shelf(&app, product).await, (10, 0));
    books::check(&app.database).await;
}

#[tokio::test]
async fn goods_of_a_refunded_order_come_back_to_the_shelf() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(10).await;
    let order = app.held(product, 4).await;
    commit(&nats, order, 3).await;
    app.until(order, "COMMITTED").await;
    assert_eq!(shelf(&app, product).await, (6, 0));
    release(&nats, order, 4).await;
    until_told(&app, &["stock_committed ", "stock_released released"]).await;
    assert_eq!(shelf(&app, product).await, (10, 0));
    commit(&nats, order, 5).await;
    testkit::eventually("the commit is refused", || async {
        (books::told(&app.database).await.len() == 3).then_some(())
    })
    .await;
    assert_eq!(shelf(&app, product).await, (10, 0));
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_paid_order_whose_hold_expired_gets_goods_that_are_still_there() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(3).await;
    let order = app.held(product, 3).await;
    let_expire(&app, order).await;
    app.hold(order, &[product.line(3)])
        .await
        .expect_problem(409, "hold-ended");
    app.restock(product, 1, "Zwolle").await;
    // One unit of the first warehouse goes to somebody else: the order is served from both.
    app.held(product, 1).await;
    commit(&nats, order, 3).await;
    until_told(&app, &["stock_released expired", "stock_committed "]).await;
    assert_eq!(app.available(product).await, 0);
    assert_eq!(
        app.one::<i64>("select sum(on_hand)::bigint from stock")
            .await,
        1
    );
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_paid_order_whose_goods_were_sold_since_is_told_so() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(3).await;
    let order = app.held(product, 2).await;
    let_expire(&app, order).await;
    app.held(product, 2).await;
    commit(&nats, order, 3).await;
    let sold = "stock_commit_failed The hold had expired, and the goods have been sold since.";
    until_told(&app, &["stock_released expired", sold]).await;
    assert_eq!(app.state(order).await.as_deref(), Some("RELEASED"));
    assert_eq!(shelf(&app, product).await, (3, 2));
    books::check(&app.database).await;
}

#[tokio::test]
async fn a_commit_after_a_release_or_without_a_hold_is_refused() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(3).await;
    let order = app.held(product, 2).await;
    release(&nats, order, 2).await;
    app.until(order, "RELEASED").await;
    commit(&nats, order, 3).await;
    let free = "stock_commit_failed The goods had been set free for this order.";
    until_told(&app, &["stock_released released", free]).await;
    let unheard_of = OrderId::generate();
    commit(&nats, unheard_of, 3).await;
    until_told(&app, &["stock_released released", free, free]).await;
    app.hold(unheard_of, &[product.line(1)])
        .await
        .expect_problem(409, "hold-ended");
    assert_eq!(shelf(&app, product).await, (3, 0));
    books::check(&app.database).await;
}
