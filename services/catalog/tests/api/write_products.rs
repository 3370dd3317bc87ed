//! Creating, changing and archiving products.

use serde_json::{Value, json};

use crate::app::{TestApp, laptop};

#[tokio::test]
async fn the_call_from_the_requirements_creates_a_product() {
    let app = TestApp::start().await;
    let answer = app
        .vendor
        .post("/api/products", &laptop())
        .await
        .expect(201);
    let product = answer.json();
    assert_eq!(
        answer.header("location"),
        format!("/api/products/{}", product["id"].as_str().unwrap())
    );
    insta::assert_json_snapshot!(product, {
        ".id" => "[id]", ".vendor.id" => "[id]", ".variants[].id" => "[id]", ".variants[].sku" => "[sku]",
        ".createdAt" => "[time]", ".updatedAt" => "[time]",
    });
    assert_eq!(product["vendor"]["id"], app.vendor_id.to_string());
    assert_eq!(
        app.anonymous
            .get("/api/products/laptop")
            .await
            .expect(200)
            .json(),
        product
    );
}

#[tokio::test]
async fn a_price_is_kept_to_the_cent_whether_number_or_text() {
    let app = TestApp::start().await;
    for (price, amount) in [
        (json!(0.1), "0.10"),
        (json!("0.10"), "0.10"),
        (json!(9_999_999.99), "9999999.99"),
        (json!(0), "0.00"),
    ] {
        let product = app.product("Thing", json!({ "price": price })).await;
        assert_eq!(
            product["price"],
            json!({ "amount": amount, "currency": "EUR" })
        );
    }
    let yen = app
        .product("Thing", json!({ "price": "1200", "currency": "JPY" }))
        .await;
    assert_eq!(yen["price"], json!({ "amount": "1200", "currency": "JPY" }));
}

#[tokio::test]
async fn the_same_product_twice_is_two_products_with_slugs_of_their_own() {
    let app = TestApp::start().await;
    let first = app.product("Café au lait", json!({})).await;
    let second = app.product("Café au lait", json!({})).await;
    assert_eq!(first["slug"], "cafe-au-lait");
    assert_ne!(first["id"], second["id"]);
    assert!(
        second["slug"]
            .as_str()
            .unwrap()
            .starts_with("cafe-au-lait-")
    );
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let before = app.stored().await;
    let cases: [(Value, &[&str]); 13] = [
        (json!({ "price": -1 }), &["price"]),
        (json!({ "price": "-0.01" }), &["price"]),
        (json!({ "price": 0.001 }), &["price"]),
        (json!({ "price": "1e3" }), &["price"]),
        (json!({ "price": "free" }), &["price"]),
        (json!({ "price": null }), &["price"]),
        (json!({ "name": "x".repeat(201) }), &["name"]),
        (json!({ "name": "\u{0}" }), &["name"]),
        (json!({ "colour": "blue" }), &["colour"]),
        (json!({ "category": "no-such" }), &["category"]),
        (json!({ "currency": "XXX" }), &["currency"]),
        (
            json!({ "attributes": { "A B": "x" }, "description": "y".repeat(10_001) }),
            &["description", "attributes.A B"],
        ),
        (
            json!({ "variants": [{ "sku": "A", "name": "B", "price": -2 }, { "sku": "A" }] }),
            &["variants[1].name"],
        ),
    ];
    for (fields, expected) in cases {
        let mut body = laptop();
        for (field, value) in fields.as_object().unwrap() {
            body[field] = value.clone();
        }
        let named = app
            .vendor
            .post("/api/products", &body)
            .await
            .expect_problem(400, "invalid-request");
        assert_eq!(named, expected, "{fields}");
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn what_is_not_json_or_too_long_is_refused() {
    let app = TestApp::start().await;
    let post = |content_type: &'static str, body: String| {
        app.vendor
            .send(http::Method::POST, "/api/products", move |request| {
                request.header("content-type", content_type).body(body)
            })
    };
    post("text/plain", laptop().to_string())
        .await
        .expect_problem(415, "unsupported-media-type");
    post("application/json", "{\"name\":".to_owned())
        .await
        .expect_problem(400, "invalid-request");
    post("application/json", "[]".to_owned())
        .await
        .expect_problem(400, "invalid-request");
    let long = json!({ "name": "x".repeat(70_000) }).to_string();
    post("application/json", long)
        .await
        .expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_sku_belongs_to_one_variant_of_the_whole_shop() {
    let app = TestApp::start().await;
    let variants = json!({ "variants": [{ "sku": "LAP-16", "name": "16 GB" }, { "sku": "LAP-32", "name": "32 GB", "price": 1499 }] });
    let product = app.product("Laptop", variants.clone()).await;
    assert_eq!(product["variants"][0]["price"]["amount"], "1299.99");
    assert_eq!(product["variants"][1]["price"]["amount"], "1499.00");
    let before = app.stored().await;
    let mut again = laptop();
    again["variants"] = variants["variants"].clone();
    app.vendor
        .post("/api/products", &again)
        .await
        .expect_problem(409, "sku-taken");
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_change_names_the_version_that_it_was_made_from() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let path = format!("/api/products/{}", product["id"].as_str().unwrap());

    app.vendor
        .patch(&path, &json!({ "price": "999" }))
        .await
        .expect_problem(400, "invalid-request");
    let changed = app
        .vendor
        .patch(
            &path,
            &json!({ "version": 1, "price": "999", "category": "garden" }),
        )
        .await
        .expect(200);
    assert_eq!(changed.header("etag"), "\"v2\"");
    let changed = changed.json();
    assert_eq!(
        (&changed["price"]["amount"], &changed["category"]["slug"]),
        (&json!("999.00"), &json!("garden"))
    );
    assert_eq!(changed["name"], "Laptop");

    let answer = app
        .vendor
        .patch(&path, &json!({ "version": 1, "price": "1" }))
        .await;
    answer.expect_problem(409, "stale-version");
    assert_eq!(answer.json()["currentVersion"], 2);

    let with_tag = |tag: &'static str| {
        let body = json!({ "name": "Notebook" });
        app.vendor.send(http::Method::PATCH, &path, move |request| {
            request.header("if-match", tag).json(&body)
        })
    };
    with_tag("\"v1\"")
        .await
        .expect_problem(409, "stale-version");
    with_tag("nonsense")
        .await
        .expect_problem(400, "invalid-request");
    let renamed = with_tag("\"v2\"").await.expect(200).json();
    assert_eq!(renamed["name"], "Notebook");
    assert_eq!(app.anonymous.get(&path).await.expect(200).json(), renamed);
}

#[tokio::test]
async fn of_twenty_changes_to_one_version_one_is_made() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let path = format!("/api/products/{}", product["id"].as_str().unwrap());
    let mut changes = tokio::task::JoinSet::new();
    for price in 1..=20 {
        let (vendor, path) = (app.vendor.clone(), path.clone());
        changes.spawn(async move {
            vendor
                .patch(&path, &json!({ "version": 1, "price": price }))
                .await
                .status
                .as_u16()
        });
    }
    let statuses = changes.join_all().await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        19,
        "{statuses:?}"
    );
    assert_eq!(app.stored().await["events"], 2);
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let path = format!("/api/products/{}", product["id"].as_str().unwrap());
    let before = app.stored().await;
    for (fields, expected) in [
        (json!({ "version": 1, "price": -5 }), "price"),
        (json!({ "version": 1, "name": "" }), "name"),
        (json!({ "version": 1, "category": "no-such" }), "category"),
        (json!({ "version": 1, "slug": "other" }), "slug"),
        (
            json!({ "version": 1, "attributes": { "a": "" } }),
            "attributes.a",
        ),
    ] {
        assert_eq!(
            app.vendor
                .patch(&path, &fields)
                .await
                .expect_problem(400, "invalid-request"),
            [expected]
        );
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn an_archived_product_is_gone_and_cannot_be_archived_twice() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let path = format!("/api/products/{}", product["id"].as_str().unwrap());
    app.vendor.delete(&path).await.expect(204);
    app.anonymous
        .get(&path)
        .await
        .expect_problem(404, "not-found");
    app.vendor
        .delete(&path)
        .await
        .expect_problem(404, "not-found");
    app.vendor
        .patch(&path, &json!({ "version": 2, "price": 1 }))
        .await
        .expect_problem(404, "not-found");
    assert_eq!(app.list(&[]).await.expect(200).json()["totalCount"], 0);
    let stored = app.stored().await;
    assert_eq!(
        (&stored["products"][0]["status"], &stored["events"]),
        (&json!("archived"), &json!(2))
    );
}
