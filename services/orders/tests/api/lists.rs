//! Lists: own, everybody's, a vendor's; page by page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{TestApp, wish};

fn numbers(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["number"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn one_sees_ones_own_orders_newest_first_page_by_page() {
    let app = TestApp::start().await;
    let product = app.product(50).await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        let order = app.order(&product, 1).await;
        placed.push(order["number"].as_str().unwrap().to_owned());
        app.other_customer
            .post("/api/orders", &wish(&product, 1))
            .await
            .expect(201);
    }
    placed.reverse();
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "2")];
        if let Some(after) = &after {
            query.push(("after", after));
        }
        let page = app
            .customer
            .get_with("/api/orders", &query)
            .await
            .expect(200)
            .json();
        assert_eq!(page["totalCount"], 5);
        seen.extend(numbers(&page));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, placed);
    let first = app
        .customer
        .get_with("/api/orders", &[("limit", "1")])
        .await
        .expect(200)
        .json();
    assert_eq!(first["items"][0]["items"][0]["name"], "Desk lamp");
    assert_eq!(first["items"][0]["total"]["amount"], "12.50");
}

#[tokio::test]
async fn a_list_is_narrowed_by_state() {
    let app = TestApp::start().await;
    let product = app.product(50).await;
    let paid = app.paid_order(&product, 1).await;
    app.order(&product, 1).await;
    let page = app
        .customer
        .get("/api/orders?state=PAID")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (page["totalCount"].clone(), numbers(&page)),
        (json!(1), vec![paid["number"].as_str().unwrap().to_owned()])
    );
    assert_eq!(
        app.customer
            .get("/api/orders?state=FAILED")
            .await
            .expect(200)
            .json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn everybodys_orders_are_for_admins() {
    let app = TestApp::start().await;
    let product = app.product(50).await;
    app.order(&product, 1).await;
    app.other_customer
        .post("/api/orders", &wish(&product, 1))
        .await
        .expect(201);
    let all = app
        .admin
        .get("/api/orders?all=true")
        .await
        .expect(200)
        .json();
    assert_eq!(all["totalCount"], 2);
    let users: BTreeSet<&str> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["userId"].as_str().unwrap())
        .collect();
    assert_eq!(users.len(), 2);
    assert_eq!(
        app.admin.get("/api/orders").await.expect(200).json()["totalCount"],
        0
    );
    for client in [&app.customer, &app.vendor] {
        client
            .get("/api/orders?all=true")
            .await
            .expect_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_vendor_sees_orders_of_what_they_sell_and_only_that() {
    let app = TestApp::start().await;
    let mine = app.product(50).await;
    let theirs = app.product_of(app.other_vendor_id, "7.00", 50).await;
    let mut body = wish(&mine, 2);
    body["items"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "productId": theirs.id, "quantity": 1 }));
    let order = app
        .customer
        .post("/api/orders", &body)
        .await
        .expect(201)
        .json();
    assert_eq!(order["total"]["amount"], "32.00");
    for (client, total) in [(&app.vendor, "25.00"), (&app.other_vendor, "7.00")] {
        let page = client.get("/api/vendor/orders").await.expect(200).json();
        assert_eq!(page["totalCount"], 1);
        assert_eq!(page["items"][0]["total"]["amount"], total);
        assert_eq!(page["items"][0]["items"].as_array().unwrap().len(), 1);
        let seen = client
            .get(&crate::app::path(&order))
            .await
            .expect(200)
            .json();
        assert_eq!(seen["total"]["amount"], total);
        assert_eq!(seen["items"].as_array().unwrap().len(), 1);
        for hidden in ["paymentMethod", "refunds", "refunded"] {
            assert!(seen[hidden].is_null(), "{hidden}");
        }
    }
    app.customer
        .get("/api/vendor/orders")
        .await
        .expect_problem(403, "forbidden");
    assert_eq!(
        app.vendor.get("/api/orders").await.expect(200).json()["totalCount"],
        0
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("after=nonsense", "after"),
        (
            "after=99999999999999999999-00000000000000000000000000000000",
            "after",
        ),
        ("state=paid", "state"),
        ("all=maybe", "all"),
        ("offset=1", "offset"),
    ] {
        let answer = app.customer.get(&format!("/api/orders?{query}")).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            [field],
            "{query}"
        );
    }
    let answer = app.vendor.get("/api/vendor/orders?all=true").await;
    assert_eq!(answer.expect_problem(400, "invalid-request"), ["all"]);
}
