//! One product, and its entity tag.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_product_is_found_by_its_id_and_by_its_slug() {
    let app = TestApp::start().await;
    let product = app
        .product("Laptop", json!({ "attributes": { "memory": "16 GB" } }))
        .await;
    let by_id = app
        .anonymous
        .get(&format!(
            "/api/products/{}",
            product["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    let by_slug = app.anonymous.get("/api/products/laptop").await.expect(200);
    assert_eq!(by_id.body, by_slug.body);
    assert_eq!(by_id.json(), product);
}

#[tokio::test]
async fn what_is_not_there_is_a_404() {
    let app = TestApp::start().await;
    for missing in [
        "no-such-product",
        "0190a000-0000-7000-8000-000000000001",
        "..%2f..%2fetc",
        "%27",
        "%E2%9C%93",
    ] {
        app.anonymous
            .get(&format!("/api/products/{missing}"))
            .await
            .expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn an_unchanged_product_is_not_sent_again() {
    let app = TestApp::start().await;
    app.product("Laptop", json!({})).await;
    let get = |tag: String| {
        app.anonymous
            .send(http::Method::GET, "/api/products/laptop", move |request| {
                request.header("if-none-match", tag)
            })
    };
    let tag = app
        .anonymous
        .get("/api/products/laptop")
        .await
        .expect(200)
        .header("etag")
        .to_owned();
    assert_eq!(tag, "\"v1\"");
    for given in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"v9\", {tag}"),
        "*".to_owned(),
    ] {
        let answer = get(given).await.expect(304);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), tag);
    }
    app.vendor
        .patch("/api/products/laptop", &json!({ "version": 1, "price": 1 }))
        .await
        .expect(200);
    assert_eq!(get(tag).await.expect(200).header("etag"), "\"v2\"");
}
