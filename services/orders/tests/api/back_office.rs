//! What vendors and admins work with: orders by number and by age, and the trail of who changed them.

use serde_json::{Value, json};

use crate::app::{TestApp, path};

async fn trail(app: &TestApp) -> Vec<Value> {
    let page = app.admin.get("/api/admin/orders/audit").await;
    page.expect(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_order_is_found_by_its_number_and_the_oldest_come_first_for_who_works_on_them() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(app.order(&product, 1).await);
    }
    let number = orders[1]["number"].as_str().unwrap().to_lowercase();
    for client in [
        (&app.vendor, "/api/vendor/orders?"),
        (&app.admin, "/api/orders?all=true&"),
    ] {
        let (client, list) = client;
        let found = client
            .get(&format!("{list}number={number}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&found["totalCount"], &found["items"][0]["id"]),
            (&json!(1), &orders[1]["id"])
        );
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let page = client
                .get(&format!("{list}sort=oldest&limit=2{after}"))
                .await;
            let page = page.expect(200).json();
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|order| order["id"].clone()),
            );
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let expected: Vec<Value> = orders.iter().map(|order| order["id"].clone()).collect();
        assert_eq!(seen, expected);
    }
    let none = app
        .other_vendor
        .get(&format!("/api/vendor/orders?number={number}"))
        .await;
    assert_eq!(none.expect(200).json()["items"], json!([]));
    let own = app.customer.get("/api/orders?sort=oldest").await;
    assert_eq!(own.expect_problem(400, "invalid-request"), ["sort"]);
}

#[tokio::test]
async fn what_people_do_to_an_order_is_noted_and_what_is_refused_is_not() {
    let app = TestApp::start().await;
    let product = app.product_at("10.00", 10).await;
    let order = app.paid_order(&product, 2).await;
    let refunds = format!("{}/refunds", path(&order));
    let answer = app
        .admin
        .post(
            &refunds,
            &json!({ "amount": "20.01", "reason": "Too much" }),
        )
        .await;
    assert_eq!(answer.expect_problem(409, "refund-too-large"), ["amount"]);
    let part = json!({ "amount": "5.00", "reason": "A scratch" });
    app.admin.post(&refunds, &part).await.expect(201);
    let ship = format!("{}/ship", path(&order));
    app.other_vendor
        .post(&ship, &json!({}))
        .await
        .expect_problem(404, "not-found");
    let parcel = json!({ "carrier": "Gull Post", "trackingNumber": "G-1" });
    app.vendor.post(&ship, &parcel).await.expect(200);
    let trail = trail(&app).await;
    let actions: Vec<&str> = trail
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["ship_order", "refund_order"]);
    assert_eq!(trail[0]["actorId"], json!(app.vendor_id));
    assert_eq!(trail[0]["before"]["state"], "PAID");
    assert_eq!(trail[0]["after"]["state"], "SHIPPED");
    assert_eq!(trail[0]["after"]["carrier"], "Gull Post");
    assert_eq!(trail[1]["after"]["refunding"]["amount"], "5.00");
    for entry in &trail {
        assert!(!entry.to_string().contains("Main St"), "{entry}");
    }
}
