//! What other services are told of products, and that nobody else is.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{INTERNAL_TOKEN, TestApp};

async fn variants(app: &TestApp, ids: &[&str]) -> Vec<Value> {
    let query: Vec<_> = ids.iter().map(|id| format!("productId={id}")).collect();
    let path = format!("/internal/variants?{}", query.join("&"));
    let answer = app.anonymous.with_token(INTERNAL_TOKEN).get(&path).await;
    answer.expect(200).json()["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn id(product: &Value) -> &str {
    product["id"].as_str().unwrap()
}

#[tokio::test]
async fn every_variant_comes_with_the_price_that_counts() {
    let app = TestApp::start().await;
    let product = app
        .product(
            "Laptop",
            json!({ "variants": [
                { "sku": "LAP-16", "name": "16 GB" },
                { "sku": "LAP-32", "name": "32 GB", "price": 1499 },
            ] }),
        )
        .await;
    let other = app.product("Mouse", json!({ "price": 9.5 })).await;
    let unknown = Uuid::new_v4().to_string();
    let items = variants(&app, &[id(&product), &unknown, id(&other)]).await;
    let seen: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item["productName"].as_str().unwrap(),
                item["variantName"].as_str().unwrap(),
                item["price"]["amount"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen.len(), 3, "{items:?}");
    assert!(seen.contains(&("Laptop", "16 GB", "1299.99")), "{seen:?}");
    assert!(seen.contains(&("Laptop", "32 GB", "1499.00")), "{seen:?}");
    for item in &items {
        assert_eq!(item["vendorId"], app.vendor_id.to_string());
        assert_eq!(item["isArchived"], false);
    }
}

#[tokio::test]
async fn an_archived_product_is_marked() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    app.vendor
        .delete(&format!("/api/products/{}", id(&product)))
        .await
        .expect(204);
    assert_eq!(variants(&app, &[id(&product)]).await[0]["isArchived"], true);
}

#[tokio::test]
async fn only_services_are_told() {
    let app = TestApp::start().await;
    let path = format!("/internal/variants?productId={}", Uuid::new_v4());
    for client in [&app.anonymous, &app.customer, &app.vendor, &app.admin] {
        client
            .get(&path)
            .await
            .expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_bad_query_is_named() {
    let app = TestApp::start().await;
    let service = app.anonymous.with_token(INTERNAL_TOKEN);
    for query in ["", "?productId=x", "?product=1"] {
        let answer = service.get(&format!("/internal/variants{query}")).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            ["productId"],
            "{query}"
        );
    }
}
