//! What others may know of stock: services exactly, everybody roughly.

use contracts::{ProductId, VariantId};
use serde_json::json;

use crate::app::{Product, TestApp};

#[tokio::test]
async fn services_learn_exact_numbers_of_many_variants_at_once() {
    let app = TestApp::start().await;
    let (full, empty) = (app.product(7).await, app.product_without_stock().await);
    app.restock(full, 5, "Warehouse B").await;
    app.held(full, 2).await;
    let unknown = VariantId::generate();
    let path = format!(
        "/internal/availability?variantId={}&variantId={}&variantId={unknown}",
        full.variant, empty.variant
    );
    let mut items = app.internal.get(&path).await.expect(200).json()["items"]
        .as_array()
        .unwrap()
        .clone();
    items.sort_by_key(|item| item["available"].as_i64());
    let expected = [
        json!({ "productId": empty.id, "variantId": empty.variant, "available": 0 }),
        json!({ "productId": full.id, "variantId": full.variant, "available": 10 }),
    ];
    assert_eq!(items, expected);
    let many: Vec<String> = (0..201)
        .map(|_| format!("variantId={}", VariantId::generate()))
        .collect();
    for query in ["", "variantId=x", "productId=1", &many.join("&")] {
        let answer = app
            .internal
            .get(&format!("/internal/availability?{query}"))
            .await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), ["variantId"]);
    }
}

#[tokio::test]
async fn everybody_learns_whether_a_product_can_be_had_and_no_more_than_that() {
    let app = TestApp::start().await;
    let first = app.product_without_stock().await;
    let mut variants = vec![first];
    for position in 1..4 {
        let variant = Product {
            id: first.id,
            variant: VariantId::generate(),
        };
        app.variant(variant, position).await;
        variants.push(variant);
    }
    for (variant, units, threshold) in [(0, 500, 5), (1, 3, 5), (2, 2, 0)] {
        let body = json!({
            "productId": first.id, "variantId": variants[variant].variant, "quantity": units,
            "warehouseLocation": "Warehouse A", "lowStockThreshold": threshold
        });
        app.vendor.post("/api/inventory", &body).await.expect(201);
    }
    let path = format!("/api/inventory/{}", first.id);
    let answer = app.anonymous.get(&path).await.expect(200).json();
    let state = |variant: usize, state: &str, available: i64, has_more: bool| json!({ "variantId": variants[variant].variant, "state": state, "available": available, "hasMore": has_more });
    let expected = json!({
        "productId": first.id,
        "variants": [
            state(0, "inStock", 10, true), state(1, "low", 3, false), state(2, "inStock", 2, false),
            state(3, "out", 0, false)
        ]
    });
    assert_eq!(answer, expected);
    for path in [
        format!("/api/inventory/{}", ProductId::generate()),
        "/api/inventory/kettle".to_owned(),
    ] {
        app.anonymous
            .get(&path)
            .await
            .expect_problem(404, "not-found");
    }
}
