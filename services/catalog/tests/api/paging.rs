//! Walking a list to its end: every product once, in order, whatever happens meanwhile.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::TestApp;

const SORTS: [&str; 6] = ["rank", "newest", "price", "-price", "name", "relevance"];

/// Products with many equal prices, names and ranks, straight into the table: ties are what breaks paging.
async fn fill(app: &TestApp, count: i32) {
    let mut connection = app.database.connect().await;
    sqlx::query(
        "insert into products (id, slug, vendor_id, category_id, name, price_minor, currency, rank, created_at)
         select gen_random_uuid(), 'lamp-' || i, $2, (select id from categories where slug = 'garden'),
                'Lamp ' || i % 7, i % 5, 'EUR', i % 3, now() - (i % 11) * interval '1 hour'
         from generate_series(1, $1) i",
    )
    .bind(count)
    .bind(app.vendor_id)
    .execute(&mut connection)
    .await
    .unwrap();
}

/// All pages of a list.
async fn walk(
    app: &TestApp,
    sort: &str,
    limit: &str,
    mut between: impl AsyncFnMut(),
) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("q", "lamp"), ("sort", sort), ("limit", limit)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page = app.list(&query).await.expect(200).json();
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return items,
        }
        between().await;
    }
}

fn ids(items: &[Value]) -> BTreeSet<&str> {
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

fn assert_ordered(items: &[Value], sort: &str) {
    let price = |item: &Value| {
        item["price"]["amount"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    let in_order = |one: &Value, next: &Value| match sort {
        "price" => price(one) <= price(next),
        "-price" => price(one) >= price(next),
        "name" => one["name"].as_str() <= next["name"].as_str(),
        "newest" => one["createdAt"].as_str() >= next["createdAt"].as_str(),
        _ => true,
    };
    for pair in items.windows(2) {
        assert!(
            in_order(&pair[0], &pair[1]),
            "{sort}: {} before {}",
            pair[0],
            pair[1]
        );
    }
}

#[tokio::test]
async fn all_pages_together_are_the_whole_list_once_in_order() {
    let app = TestApp::start().await;
    fill(&app, 97).await;
    for sort in SORTS {
        for limit in ["1", "7", "97", "100"] {
            let items = walk(&app, sort, limit, async || ()).await;
            assert_eq!(items.len(), 97, "{sort}, pages of {limit}");
            assert_eq!(
                ids(&items).len(),
                97,
                "{sort}, pages of {limit}: something came twice"
            );
            assert_ordered(&items, sort);
        }
    }
}

#[tokio::test]
async fn products_that_come_meanwhile_neither_hide_nor_repeat_others() {
    let app = TestApp::start().await;
    fill(&app, 60).await;
    for sort in SORTS {
        let before = walk(&app, sort, "100", async || ()).await;
        let items = walk(&app, sort, "7", async || {
            app.product("Lamp 3", json!({ "price": "0.02", "category": "garden" }))
                .await;
        })
        .await;
        assert_eq!(
            ids(&items).len(),
            items.len(),
            "{sort}: something came twice"
        );
        assert!(
            ids(&items).is_superset(&ids(&before)),
            "{sort}: something was hidden"
        );
        assert_ordered(&items, sort);
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let app = TestApp::start().await;
    fill(&app, 10).await;
    let page = app
        .list(&[("sort", "price"), ("limit", "3")])
        .await
        .expect(200)
        .json();
    let next = page["next"].as_str().unwrap();
    app.list(&[("sort", "price"), ("limit", "5"), ("after", next)])
        .await
        .expect(200);
    for query in [
        [("sort", "name"), ("after", next)],
        [("category", "garden"), ("after", next)],
    ] {
        assert_eq!(
            app.list(&query)
                .await
                .expect_problem(400, "invalid-request"),
            ["after"]
        );
    }
    for altered in [
        next.to_uppercase(),
        next[1..].to_owned(),
        format!("{next}A"),
        "x".repeat(5000),
    ] {
        let answer = app.list(&[("sort", "price"), ("after", &altered)]).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), ["after"]);
    }
}

#[tokio::test]
async fn the_total_follows_ones_own_writes_at_once() {
    let app = TestApp::start().await;
    for expected in 1..=3 {
        app.product("Lamp", json!({})).await;
        assert_eq!(
            app.list(&[]).await.expect(200).json()["totalCount"],
            expected
        );
    }
}

#[tokio::test]
async fn lists_and_products_soon_follow_what_other_replicas_write_too() {
    let app = TestApp::start().await;
    assert_eq!(app.list(&[]).await.expect(200).json()["totalCount"], 0);
    fill(&app, 5).await;
    testkit::eventually("the list has what was written elsewhere", || async {
        let list = app.list(&[]).await.expect(200).json();
        (list["totalCount"] == 5).then_some(())
    })
    .await;
    let price = || async {
        let answer = app.anonymous.get("/api/products/lamp-1").await;
        answer.expect(200).json()["price"].clone()
    };
    let before = price().await;
    let mut connection = app.database.connect().await;
    sqlx::query("update products set price_minor = price_minor + 100 where slug = 'lamp-1'")
        .execute(&mut connection)
        .await
        .unwrap();
    testkit::eventually(
        "the product has the price that was written elsewhere",
        || async { (price().await != before).then_some(()) },
    )
    .await;
}
