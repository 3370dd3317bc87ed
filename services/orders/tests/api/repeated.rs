//! The same request again: at once, later, with another body, and after a crash.

use futures::future::join_all;
use http::Method;
use serde_json::json;
use testkit::eventually;

use crate::app::{TestApp, id, wish};

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_is_done_once() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let body = wish(&product, 2);
    let first = app
        .order_with_key(&app.customer, "k-1", &body)
        .await
        .expect(201);
    assert!(first.header("idempotent-replayed").is_empty());
    let again = app
        .order_with_key(&app.customer, "k-1", &body)
        .await
        .expect(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json(), first.json());
    assert_eq!(app.available(&product).await, 3);
    // The first answer, also when the order has moved on, the price has changed and everything is sold out.
    let order = first.json();
    app.started(&order).await;
    app.captured(&order).await;
    app.wait_for_state(&order, "PAID").await;
    let change = json!({ "version": 1, "price": "99" });
    app.catalog
        .patch(&format!("/api/products/{}", product.id), &change)
        .await
        .expect(200);
    app.order_with_key(&app.customer, "k-2", &wish(&product, 3))
        .await
        .expect(201);
    let later = app
        .order_with_key(&app.customer, "k-1", &body)
        .await
        .expect(201);
    assert_eq!(later.json(), first.json());
    assert_eq!(app.number("select count(*) from orders").await, 2);
}

#[tokio::test]
async fn fifty_parallel_twins_make_one_order() {
    let app = TestApp::start().await;
    let product = app.product(100).await;
    let body = wish(&product, 1);
    let twins = join_all((0..50).map(|_| app.order_with_key(&app.customer, "twin", &body))).await;
    let first = twins[0].json();
    for twin in &twins {
        assert_eq!(twin.clone().expect(201).json(), first);
    }
    let originals = twins
        .iter()
        .filter(|twin| twin.header("idempotent-replayed").is_empty())
        .count();
    assert_eq!(originals, 1);
    assert_eq!(app.number("select count(*) from orders").await, 1);
    assert_eq!(app.number("select count(*) from order_line").await, 1);
    assert_eq!(app.number("select count(*) from outbox").await, 2);
    assert_eq!(app.available(&product).await, 99);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused_and_holds_nothing() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let first = app
        .order_with_key(&app.customer, "key", &wish(&product, 1))
        .await
        .expect(201)
        .json();
    let before = app.number("select count(*) from orders").await;
    let answer = app
        .order_with_key(&app.customer, "key", &wish(&product, 2))
        .await;
    assert_eq!(
        answer.expect_problem(422, "idempotency-key-reused"),
        ["Idempotency-Key"]
    );
    assert_eq!(app.number("select count(*) from orders").await, before);
    // What was held for it in the meantime is set free.
    eventually("the hold is released", || async {
        (app.available(&product).await == 9).then_some(())
    })
    .await;
    // Again and again, and the order itself is not touched by any of it.
    app.order_with_key(&app.customer, "key", &wish(&product, 2))
        .await
        .expect_problem(422, "idempotency-key-reused");
    assert_eq!(app.get(&first).await, first);
    app.order_with_key(&app.customer, "key", &wish(&product, 1))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_key_belongs_to_one_person() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let body = wish(&product, 1);
    let mine = app
        .order_with_key(&app.customer, "same", &body)
        .await
        .expect(201)
        .json();
    let theirs = app
        .order_with_key(&app.other_customer, "same", &body)
        .await
        .expect(201)
        .json();
    assert_ne!(mine["id"], theirs["id"]);
}

#[tokio::test]
async fn a_retry_after_a_crash_between_hold_and_order_uses_the_same_hold() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    // The crash: goods are held and nothing is written.
    app.execute("alter table orders add constraint crash check (false) not valid")
        .await;
    let body = wish(&product, 4);
    app.order_with_key(&app.customer, "crashed", &body)
        .await
        .expect_problem(500, "internal");
    assert_eq!(app.available(&product).await, 6);
    app.execute("alter table orders drop constraint crash")
        .await;
    app.order_with_key(&app.customer, "crashed", &body)
        .await
        .expect(201);
    assert_eq!(app.available(&product).await, 6);
}

#[tokio::test]
async fn a_key_whose_goods_were_set_free_before_it_became_an_order_says_so() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    app.execute("alter table orders add constraint crash check (false) not valid")
        .await;
    app.order_with_key(&app.customer, "late", &wish(&product, 1))
        .await
        .expect_problem(500, "internal");
    app.execute("alter table orders drop constraint crash")
        .await;
    let mut stock = app.stock_database.connect().await;
    sqlx::query("update hold set expires_at = now() - interval '1 second'")
        .execute(&mut stock)
        .await
        .unwrap();
    eventually("the hold has expired", || async {
        (app.available(&product).await == 10).then_some(())
    })
    .await;
    app.order_with_key(&app.customer, "late", &wish(&product, 1))
        .await
        .expect_problem(409, "hold-ended");
    // Its end is told to orders as well, which knows nothing of it and does not mind.
    app.wait_until_heard("orders_stock_released", "handled", 1)
        .await;
    assert_eq!(app.number("select count(*) from dead_letter").await, 0);
    app.order_with_key(&app.customer, "fresh", &wish(&product, 1))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_key_is_one_header_of_one_to_255_visible_characters() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let body = wish(&product, 1);
    let before = app.stored().await;
    for key in ["", "with blank", &"k".repeat(256), "tab\tin it"] {
        let answer = app.order_with_key(&app.customer, key, &body).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            ["Idempotency-Key"],
            "{key:?}"
        );
    }
    let answer = app
        .customer
        .send(Method::POST, "/api/orders", |request| {
            request
                .header("idempotency-key", "a")
                .header("idempotency-key", "b")
                .json(&body)
        })
        .await;
    assert_eq!(
        answer.expect_problem(400, "invalid-request"),
        ["Idempotency-Key"]
    );
    assert_eq!(app.stored().await, before);
    let longest = "k".repeat(255);
    let order = app
        .order_with_key(&app.customer, &longest, &body)
        .await
        .expect(201)
        .json();
    assert_eq!(
        id(&app
            .order_with_key(&app.customer, &longest, &body)
            .await
            .expect(201)
            .json()),
        id(&order)
    );
}
