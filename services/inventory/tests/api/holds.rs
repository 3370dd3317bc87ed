//! Holds: all lines or none, once per order, never more than there is.

use chrono::{DateTime, Utc};
use contracts::OrderId;
use futures::future::join_all;
use serde_json::json;
use sqlx::Connection as _;

use crate::{
    app::{TestApp, hold},
    books,
};

#[tokio::test]
async fn goods_are_held_for_twenty_minutes_and_the_same_again_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let order = OrderId::generate();
    let first = app.hold(order, &[product.line(3)]).await.expect(201).json();
    assert_eq!(first["orderId"], json!(order));
    let expires_at: DateTime<Utc> = first["expiresAt"].as_str().unwrap().parse().unwrap();
    let lasts = (expires_at - DateTime::<Utc>::from(std::time::SystemTime::now())).num_seconds();
    assert!((1190..=1200).contains(&lasts), "{lasts} s");
    let stored = books::stored(&app.database).await;
    let again = app.hold(order, &[product.line(3)]).await.expect(200).json();
    assert_eq!(again, first);
    assert_eq!(books::stored(&app.database).await, stored);
    assert_eq!(app.available(product).await, 7);
    books::check(&app.database).await;
}

#[tokio::test]
async fn an_order_gets_all_lines_or_none_and_learns_which_are_short() {
    let app = TestApp::start().await;
    let (plenty, few) = (app.product(10).await, app.product(2).await);
    let unknown = crate::app::Product {
        id: contracts::ProductId::generate(),
        variant: contracts::VariantId::generate(),
    };
    let before = books::stored(&app.database).await;
    let lines = [plenty.line(1), few.line(3), unknown.line(1)];
    let answer = app.hold(OrderId::generate(), &lines).await;
    let fields = answer.expect_problem(409, "out-of-stock");
    assert_eq!(fields, ["lines[1]", "lines[2]"]);
    assert_eq!(answer.json()["available"], json!([10, 2, 0]));
    assert_eq!(books::stored(&app.database).await, before);
}

#[tokio::test]
async fn lines_of_one_variant_count_together() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = OrderId::generate();
    let lines = [product.line(3), product.line(3)];
    let fields = app
        .hold(order, &lines)
        .await
        .expect_problem(409, "out-of-stock");
    assert_eq!(fields, ["lines[0]", "lines[1]"]);
    // A refusal leaves no trace: the same order may get less.
    let lines = [product.line(3), product.line(2)];
    app.hold(order, &lines).await.expect(201);
    app.hold(order, &[product.line(5)]).await.expect(200);
    assert_eq!(app.available(product).await, 0);
    books::check(&app.database).await;
}

#[tokio::test]
async fn other_goods_under_the_same_order_are_refused() {
    let app = TestApp::start().await;
    let (product, other) = (app.product(5).await, app.product(5).await);
    let order = app.held(product, 2).await;
    for lines in [
        vec![product.line(1)],
        vec![product.line(2), other.line(1)],
        vec![other.line(2)],
    ] {
        app.hold(order, &lines)
            .await
            .expect_problem(409, "hold-differs");
    }
    assert_eq!(app.available(other).await, 5);
}

#[tokio::test]
async fn an_order_is_served_from_one_warehouse_where_that_is_possible() {
    let app = TestApp::start().await;
    let (cup, saucer) = (app.product(0).await, app.product(0).await);
    for (product, units, warehouse) in [
        (cup, 9, "Antwerp"),
        (cup, 3, "Bremen"),
        (saucer, 3, "Bremen"),
        (saucer, 2, "Calais"),
    ] {
        app.restock(product, units, warehouse).await;
    }
    let from = || async {
        app.one::<String>(
            "select string_agg(warehouse_location || ' ' || quantity, ', ' order by warehouse_location, quantity)
             from hold_line join stock using (stock_id)
             where order_id = (select order_id from hold order by created_at desc limit 1)",
        )
        .await
    };
    let lines = [cup.line(1), saucer.line(1)];
    app.hold(OrderId::generate(), &lines).await.expect(201);
    assert_eq!(from().await, "Bremen 1, Bremen 1");
    let lines = [cup.line(4), saucer.line(4)];
    app.hold(OrderId::generate(), &lines).await.expect(201);
    assert_eq!(from().await, "Antwerp 4, Bremen 2, Calais 2");
    books::check(&app.database).await;
}

#[tokio::test]
async fn two_hundred_buyers_of_ten_units_make_ten_holds() {
    let mut app = TestApp::start().await;
    let replicas = [app.internal.clone(), app.replica().await];
    let product = app.product(10).await;
    let buyers = (0..200).map(|number| {
        let replica = &replicas[number % 2];
        async move {
            let answer = hold(replica, OrderId::generate(), &[product.line(1)]).await;
            answer.status.as_u16()
        }
    });
    let database = app.database.clone();
    let mut sampling = tokio::task::JoinSet::new();
    sampling.spawn(async move {
        let mut connection = database.connect().await;
        let mut samples = 0_u32;
        loop {
            let fine: bool = sqlx::query_scalar(
                "select bool_and(reserved between 0 and on_hand) and sum(reserved) <= 10 from stock",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            assert!(fine, "sample {samples}");
            samples += 1;
            tokio::task::yield_now().await;
        }
    });
    let statuses = join_all(buyers).await;
    let count = |status| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(201), count(409)), (10, 190), "{statuses:?}");
    assert!(sampling.try_join_next().is_none(), "no sample was wrong");
    assert_eq!(app.one::<i64>("select count(*) from hold").await, 10);
    assert_eq!(app.available(product).await, 0);
    books::check(&app.database).await;
}

#[tokio::test]
async fn fifty_twins_of_one_request_make_one_hold() {
    let mut app = TestApp::start().await;
    let replicas = [app.internal.clone(), app.replica().await];
    let product = app.product(100).await;
    let order = OrderId::generate();
    let line = [product.line(2)];
    let twins = (0..50).map(|number| hold(&replicas[number % 2], order, &line));
    let answers = join_all(twins).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert!(
        answers
            .iter()
            .all(|answer| [200, 201].contains(&answer.status.as_u16()))
    );
    let bodies: Vec<_> = answers.iter().map(testkit::Answer::json).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(app.available(product).await, 98);
    books::check(&app.database).await;
}

#[tokio::test]
async fn orders_that_cross_each_other_never_lock_each_other_out() {
    let mut app = TestApp::start().await;
    let replicas = [app.internal.clone(), app.replica().await];
    let mut products = Vec::new();
    for _ in 0..6 {
        products.push(app.product(1000).await);
    }
    let orders = (0..120_usize).map(|number| {
        let mut lines: Vec<_> = products.iter().map(|product| product.line(1)).collect();
        lines.rotate_left(number % 6);
        if number % 2 == 0 {
            lines.reverse();
        }
        let replica = &replicas[number % 2];
        async move {
            hold(replica, OrderId::generate(), &lines)
                .await
                .status
                .as_u16()
        }
    });
    let statuses = join_all(orders).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    let deadlocks: i64 = app
        .one("select deadlocks from pg_stat_database where datname = current_database()")
        .await;
    assert_eq!(deadlocks, 0);
    books::check(&app.database).await;
}

#[tokio::test]
async fn shelves_are_locked_in_the_order_of_their_ids() {
    let app = TestApp::start().await;
    let (low, high) = (app.product(5).await, app.product(5).await);
    let mut connection = app.database.connect().await;
    let mut tx = connection.begin().await.unwrap();
    sqlx::query("select from stock where variant_id = $1 for no key update")
        .bind(low.variant.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    let lines = [high.line(1), low.line(1)];
    let order = app.hold(OrderId::generate(), &lines);
    let other = async {
        books::until_blocked(&app.database, 1).await;
        // Whoever waits for the lower one has not got the higher one: there is no circle to wait in.
        let got = sqlx::query("select from stock where variant_id = $1 for no key update nowait")
            .bind(high.variant.0)
            .execute(&mut *tx)
            .await;
        tx.rollback().await.unwrap();
        got
    };
    let (answer, got) = tokio::join!(order, other);
    got.expect("the higher shelf is free while the order waits for the lower one");
    answer.expect(201);
}
