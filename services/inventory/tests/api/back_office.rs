//! What vendors and admins work with: stock found by name, its ledger, and the trail of who changed it.

use serde_json::{Value, json};
use testkit::Client;

use crate::app::TestApp;

async fn list(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/inventory?{query}")).await;
    page.expect(200).json()["items"].as_array().unwrap().clone()
}

async fn trail(app: &TestApp) -> Vec<Value> {
    let page = app.admin.get("/api/admin/inventory/audit").await;
    page.expect(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn stock_is_found_by_name_sku_and_warehouse_and_not_by_another_vendor() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    app.restock(product, 3, "Warehouse B").await;
    let all = list(&app.vendor, "sort=name").await;
    assert_eq!(all.len(), 2);
    let name = all[0]["productName"].as_str().unwrap().to_uppercase();
    let sku = all[0]["sku"].as_str().unwrap().to_lowercase();
    let find = |query: Vec<(&'static str, String)>| {
        let vendor = app.vendor.clone();
        async move {
            let query: Vec<(&str, &str)> = query
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let page = vendor.get_with("/api/inventory", &query).await.expect(200);
            page.json()["items"].as_array().unwrap().len()
        }
    };
    assert_eq!(find(vec![("q", name)]).await, 2);
    assert_eq!(find(vec![("q", sku)]).await, 2);
    assert_eq!(find(vec![("q", "%".to_owned())]).await, 0);
    assert_eq!(find(vec![("warehouse", "Warehouse B".to_owned())]).await, 1);
    assert!(list(&app.other_vendor, "").await.is_empty());
    let wrong = app.vendor.get("/api/inventory?sort=price").await;
    assert_eq!(wrong.expect_problem(400, "invalid-request"), ["sort"]);
}

#[tokio::test]
async fn pages_by_name_hold_every_stock_once_whatever_comes_in_between() {
    let app = TestApp::start().await;
    let product = app.product(1).await;
    for warehouse in ["B", "C", "D"] {
        app.restock(product, 1, warehouse).await;
    }
    let before = list(&app.vendor, "sort=name&limit=100").await;
    let mut seen: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/inventory?sort=name&limit=2{after}");
        let page = app.vendor.get(&path).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().clone());
        // Units move while somebody reads; names do not.
        app.restock(product, 5, "D").await;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let ids =
        |items: &[Value]| -> Vec<Value> { items.iter().map(|item| item["id"].clone()).collect() };
    assert_eq!(ids(&seen), ids(&before));
}

#[tokio::test]
async fn every_change_is_noted_with_its_reason_and_one_that_fails_is_not() {
    let app = TestApp::start().await;
    let product = app.product_without_stock().await;
    let body = json!({
        "productId": product.id, "quantity": 4, "warehouseLocation": "Warehouse A", "reason": "Delivery 4711"
    });
    let stock = app.vendor.post("/api/inventory", &body).await.expect(201);
    let stock = stock.json();
    let own = format!("/api/inventory/{}", stock["id"].as_str().unwrap());
    let correct = format!("{own}/adjustments");
    let broke = json!({ "delta": -1, "reason": "One broke" });
    app.vendor.post(&correct, &broke).await.expect(201);
    let too_many = json!({ "delta": -9, "reason": "All gone" });
    assert_eq!(app.vendor.post(&correct, &too_many).await.status, 409);
    app.other_vendor
        .post(&correct, &broke)
        .await
        .expect_problem(403, "forbidden");
    let trail = trail(&app).await;
    assert_eq!(trail.len(), 2);
    assert_eq!(trail[0]["action"], "adjustment");
    assert_eq!(trail[0]["before"]["onHand"], 4);
    assert_eq!(trail[0]["after"]["onHand"], 3);
    assert_eq!(trail[0]["after"]["reason"], "One broke");
    assert_eq!(trail[1]["after"]["reason"], "Delivery 4711");
    let ledger = app.vendor.get(&format!("{own}/ledger")).await.expect(200);
    let ledger = ledger.json();
    assert_eq!(ledger["stock"]["onHand"], 3);
    assert_eq!(ledger["items"][1]["note"], "Delivery 4711");
}
