//! What open pages are told: all of one's own, nothing of anybody else's, in order, soon, and again after a break.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    app::{World, members},
    events::{Order, Person, tell},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_told_each_turn_of_its_users_orders() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let order = Order::of(&person);
    let mut page = app.page(&person).await;
    tell(&world.nats, &order.placed()).await;
    let update = page.next().await;
    assert_eq!(update["id"], 1);
    assert_eq!(update["type"], "order.placed");
    assert_eq!(update["orderId"], order.id.to_string());
    assert_eq!(update["number"], order.number);
    assert_eq!(update["state"], "PENDING");
    assert_eq!(update["version"], 1);
    assert!(update["at"].as_str().unwrap().ends_with('Z'), "{update}");
    assert_eq!(update.as_object().unwrap().len(), 7, "{update}");
    for (kind, state) in [
        ("order.paid", "PAID"),
        ("order.shipped", "SHIPPED"),
        ("order.delivered", "DELIVERED"),
        ("order.cancelled", "CANCELLED"),
        ("order.failed", "FAILED"),
        ("order.refunded", "REFUNDED"),
    ] {
        match state {
            "PAID" => tell(&world.nats, &order.paid()).await,
            "SHIPPED" => tell(&world.nats, &order.shipped()).await,
            "DELIVERED" => tell(&world.nats, &order.delivered()).await,
            "CANCELLED" => tell(&world.nats, &order.cancelled()).await,
            "FAILED" => tell(&world.nats, &order.failed()).await,
            _ => tell(&world.nats, &order.refunded()).await,
        }
        let update = page.next().await;
        assert_eq!(update["type"], kind);
        assert_eq!(update["state"], state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_somebody_elses_orders() {
    let world = World::new().await;
    let app = world.app().await;
    let (one, other) = (Person::new(), Person::new());
    let mut page = app.page(&one).await;
    let mut from_the_start = app.page_after(&one, 0).await;
    for _ in 0..3 {
        tell(&world.nats, &Order::of(&other).placed()).await;
    }
    world.handled("notifications_order_placed", 3).await;
    let own = Order::of(&one);
    tell(&world.nats, &own.placed()).await;
    for page in [&mut page, &mut from_the_start] {
        let update = page.next().await;
        assert_eq!(update["orderId"], own.id.to_string());
        assert_eq!(update["id"], 1);
        page.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_back_is_told_what_it_has_missed_and_nothing_twice() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let mut page = app.page(&person).await;
    let first: Vec<_> = (0..3).map(|_| Order::of(&person)).collect();
    for order in &first {
        tell(&world.nats, &order.placed()).await;
    }
    assert_eq!(
        members(&page.take(3).await, "id"),
        [&json!(1), &json!(2), &json!(3)]
    );
    drop(page);
    // More than are read at once.
    for _ in 0..120 {
        tell(&world.nats, &Order::of(&person).placed()).await;
    }
    world.handled("notifications_order_placed", 123).await;
    let mut page = app.page_after(&person, 2).await;
    let missed = page.take(121).await;
    let expected: Vec<_> = (3..=123).map(|id| json!(id)).collect();
    assert_eq!(members(&missed, "id"), expected.iter().collect::<Vec<_>>());
    page.ping().await;
    tell(&world.nats, &first[0].paid()).await;
    assert_eq!(page.next().await["id"], 124);
    // A place that this history does not have is its end.
    let mut ahead = app.page_after(&person, 1_000).await;
    tell(&world.nats, &first[1].paid()).await;
    assert_eq!(ahead.next().await["id"], 125);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_while_pages_come_and_go_are_neither_lost_nor_repeated() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let orders: Vec<_> = (0..60).map(|_| Order::of(&person)).collect();
    let telling = async {
        for order in &orders {
            // Two consumers write into one user's sequence at the same time.
            tell(&world.nats, &order.placed()).await;
            tell(&world.nats, &order.paid()).await;
        }
    };
    let reading = async {
        let mut seen = Vec::new();
        while seen.len() < 120 {
            let after = seen.last().copied().unwrap_or(0);
            let mut page = app.page_after(&person, after).await;
            for _ in 0..7.min(120 - seen.len()) {
                seen.push(page.next().await["id"].as_i64().unwrap());
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(telling, reading);
    assert_eq!(seen, (1..=120).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_at_every_replica_are_told_whoever_handles_the_event() {
    let world = World::new().await;
    let (one, two) = (world.app().await, world.app().await);
    let person = Person::new();
    let mut pages = [
        one.page(&person).await,
        two.page(&person).await,
        two.page(&person).await,
    ];
    for number in 1..=20 {
        tell(&world.nats, &Order::of(&person).placed()).await;
        for page in &mut pages {
            assert_eq!(page.next().await["id"], number);
        }
    }
    for page in &mut pages {
        page.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_hints_the_table_is_read_anyway() {
    let mut world = World::new().await;
    let (one, two) = (world.app().await, world.app().await);
    let person = Person::new();
    let order = Order::of(&person);
    tell(&world.nats, &order.placed()).await;
    world.handled("notifications_order_placed", 1).await;
    let mut pages = [one.page(&person).await, two.page(&person).await];
    world.nats.kill();
    // As another replica would.
    sqlx::query(
        "with moved as (update live_position set last_id = 2 where user_id = $1)
         insert into live_update (user_id, id, body)
         select user_id, 2, jsonb_set(body, '{version}', '7') from live_update where user_id = $1",
    )
    .bind(person.id.0)
    .execute(&mut world.sql().await)
    .await
    .unwrap();
    for page in &mut pages {
        assert_eq!(page.next().await["version"], 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_knows_within_a_tenth_of_a_second() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let mut page = app.page(&person).await;
    let mut delays = Vec::new();
    for _ in 0..50 {
        let order = Order::of(&person);
        tell(&world.nats, &order.placed()).await;
        let told = Instant::now();
        assert_eq!(page.next().await["orderId"], order.id.to_string());
        delays.push(told.elapsed());
    }
    delays.sort();
    println!(
        "a page knows after {:?} (median), {:?} (p95)",
        delays[25], delays[47]
    );
    assert!(delays[25] < Duration::from_millis(100), "{delays:?}");
    assert!(app.metric("notifications_live_delay_seconds_count").await >= 49.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_updates_are_forgotten_and_the_count_goes_on() {
    let world = World::new().await;
    let person = Person::new();
    {
        let _app = world.app().await;
        for _ in 0..3 {
            tell(&world.nats, &Order::of(&person).placed()).await;
        }
        world.handled("notifications_order_placed", 3).await;
        world.settled(3, "SENT").await;
    }
    for statement in [
        "update live_update set created_at = now() - interval '8 days' where id <= 2",
        "update email set created_at = now() - interval '91 days'",
        "update customer_order set updated_at = now() - interval '91 days'",
    ] {
        sqlx::query(statement)
            .execute(&mut world.sql().await)
            .await
            .unwrap();
    }
    let app = world.app().await;
    testkit::eventually("what is old is forgotten", || async {
        let left: i64 = sqlx::query_scalar(
            "select (select count(*) from live_update) + (select count(*) from email) + (select count(*) from customer_order)",
        )
        .fetch_one(&mut world.sql().await)
        .await
        .unwrap();
        (left == 1).then_some(())
    })
    .await;
    let mut page = app.page_after(&person, 0).await;
    assert_eq!(page.next().await["id"], 3);
    tell(&world.nats, &Order::of(&person).placed()).await;
    assert_eq!(page.next().await["id"], 4);
}
