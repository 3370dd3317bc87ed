//! Batches: what waits together is decided together, and one bad request fails alone.

use contracts::OrderId;
use futures::future::join_all;
use sqlx::Connection as _;

use crate::{
    app::{Product, TestApp, hold},
    books,
};

/// Sends holds while a shelf is locked, so that they wait; gives the statuses once it is free again.
async fn held_up(app: &TestApp, product: Product, orders: Vec<OrderId>) -> Vec<u16> {
    let mut connection = app.database.connect().await;
    let mut tx = connection.begin().await.unwrap();
    sqlx::query("select from stock where variant_id = $1 for no key update")
        .bind(product.variant.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    let count = i64::try_from(orders.len()).unwrap();
    let line = [product.line(1)];
    let requests = orders
        .iter()
        .map(|order| async { hold(&app.internal, *order, &line).await.status.as_u16() });
    let release = async {
        testkit::eventually("all of them wait", || async {
            let active = app.metric("http_server_active_requests{http_request_method=\"POST\"}");
            (active.await == count).then_some(())
        })
        .await;
        // Somebody may still be on the way there, and takes a connection for a moment.
        testkit::eventually(
            "nobody waits for a connection, and few are in use",
            || async {
                let waiting = app.metric("db_client_connection_pending_requests").await;
                let used = app
                    .metric("db_client_connection_count{state=\"used\"}")
                    .await;
                (waiting == 0 && used <= 4).then_some(())
            },
        )
        .await;
        tx.rollback().await.unwrap();
    };
    let (statuses, ()) = tokio::join!(join_all(requests), release);
    statuses
}

#[tokio::test]
async fn holds_of_a_hot_variant_wait_without_a_connection_and_are_decided_together() {
    let app = TestApp::start().await;
    let product = app.product(1000).await;
    let orders = (0..100).map(|_| OrderId::generate()).collect();
    let statuses = held_up(&app, product, orders).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    let batches = app.metric("shop_hold_batch_size_count").await;
    assert!(batches <= 10, "100 holds took {batches} batches");
    assert_eq!(app.metric("shop_hold_batch_size_sum").await, 100);
    assert_eq!(app.metric("shop_holds_total{outcome=\"held\"}").await, 100);
    books::check(&app.database).await;
}

#[tokio::test]
async fn one_bad_request_in_a_batch_fails_alone() {
    let app = TestApp::start().await;
    let product = app.product(1000).await;
    // What no request can bring about from outside: a statement that fails for one order.
    app.run(
        "create function refuse() returns trigger language plpgsql as $$
         begin raise exception 'not this one'; end $$;
         create trigger refuse before insert on hold_line for each row
         when (new.order_id = '0190a000-0000-7000-8000-0000000000bb') execute function refuse()",
    )
    .await;
    let bad: OrderId = "0190a000-0000-7000-8000-0000000000bb".parse().unwrap();
    let mut orders: Vec<OrderId> = (0..40).map(|_| OrderId::generate()).collect();
    orders.insert(17, bad);
    let statuses = held_up(&app, product, orders).await;
    let good = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!((good, statuses[17]), (40, 500), "{statuses:?}");
    assert_eq!(app.state(bad).await, None);
    assert_eq!(app.available(product).await, 960);
    books::check(&app.database).await;
}
