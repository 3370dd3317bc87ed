//! Putting in, changing and taking out.

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::app::{TestApp, adding, contents, things};

#[tokio::test]
async fn a_line_says_what_it_is_and_what_it_costs() {
    let app = TestApp::start().await;
    let mug = app
        .catalogue
        .product_with("Mug", "12.50", &["Blue", "Green"])
        .await;
    app.stock.set(&mug, 40).await;
    let person = app.person("customer");
    let mut cart = person.add(&mug, 2).await.expect(200).json();
    assert!(cart["lines"][0]["addedAt"].take().is_string());
    let price = json!({ "amount": "12.50", "currency": "EUR" });
    let line = json!({
        "productId": mug.id,
        "variantId": mug.variants[0],
        "slug": mug.slug,
        "name": "Mug",
        "variant": "Blue",
        "picture": null,
        "quantity": 2,
        "unitPrice": price,
        "unitPriceWhenAdded": price,
        "total": { "amount": "25.00", "currency": "EUR" },
        "available": 40,
        "notices": [],
        "addedAt": null,
    });
    let expected = json!({
        "version": 1,
        "itemCount": 2,
        "subtotal": { "amount": "25.00", "currency": "EUR" },
        "lines": [line],
        "degraded": [],
    });
    assert_eq!(cart, expected);
}

#[tokio::test]
async fn adding_adds_setting_sets_and_removing_removes() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let browser = app.browser();
    browser.add(&mug, 2).await.expect(200);
    browser.add(&pot, 1).await.expect(200);
    let cart = browser.add(&mug, 3).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Mug", 5), ("Pot", 1)]));
    let cart = browser.set(&mug.variants[0], 4).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Mug", 4), ("Pot", 1)]));
    assert_eq!(cart["subtotal"]["amount"], "80.00");
    let cart = browser.remove(&mug.variants[0]).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Pot", 1)]));
    browser
        .remove(&mug.variants[0])
        .await
        .expect_problem(404, "not-found");
    browser
        .set(&mug.variants[0], 1)
        .await
        .expect_problem(404, "not-found");
    let cart = browser
        .send(Method::DELETE, "/api/cart", None)
        .await
        .expect(200)
        .json();
    assert_eq!((contents(&cart), &cart["version"]), (vec![], &json!(6)));
    assert_eq!(browser.cart().await, cart);
    for (event, times) in [
        ("created", "1"),
        ("item_added", "3"),
        ("quantity_set", "1"),
        ("item_removed", "1"),
        ("emptied", "1"),
    ] {
        assert_eq!(app.counted(event).await, times, "{event}");
    }
}

#[tokio::test]
async fn a_product_without_a_variant_named_means_its_first_one() {
    let app = TestApp::start().await;
    let mug = app
        .catalogue
        .product_with("Mug", "12.50", &["Blue", "Green"])
        .await;
    let person = app.person("customer");
    let body = json!({ "productId": mug.id, "quantity": 1 });
    let answer = person.client.post("/api/cart/items", &body).await;
    let cart = answer.expect(200).json();
    assert_eq!(cart["lines"][0]["variant"], "Blue");
    let body = json!({ "productId": mug.id, "variantId": mug.variants[1], "quantity": 1 });
    let answer = person.client.post("/api/cart/items", &body).await;
    assert_eq!(answer.expect(200).json()["lines"][1]["variant"], "Green");
}

/// What is no quantity.
fn bad_quantities() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(100),
        json!(1_000_000_000),
        json!(1e9),
        json!(1.5),
        json!("1"),
        json!(null),
        json!(u64::MAX),
    ]
}

#[tokio::test]
async fn what_cannot_be_put_in_is_named_and_changes_nothing() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let gone = app.catalogue.product("Gone", "1").await;
    app.catalogue.archive(&gone).await;
    let person = app.person("customer");
    person.add(&mug, 2).await.expect(200);
    let before = app.stored().await;
    let with = |field: &str, value: Value| {
        let mut body = adding(&mug, 1);
        body[field] = value;
        body
    };
    let unknown = || json!(Uuid::now_v7());
    let mut bad = vec![
        ("productId", with("productId", unknown())),
        ("productId", with("productId", json!("mug"))),
        ("productId", adding(&gone, 1)),
        ("productId", json!({ "quantity": 1 })),
        ("variantId", with("variantId", unknown())),
        ("variantId", with("variantId", json!(pot.variants[0]))),
        ("quantity", json!({ "productId": mug.id })),
        ("price", with("price", json!("0.01"))),
        ("userId", with("userId", unknown())),
        ("", json!([])),
    ];
    for quantity in bad_quantities() {
        bad.push(("quantity", with("quantity", quantity)));
    }
    for (field, body) in bad {
        let answer = person.client.post("/api/cart/items", &body).await;
        let fields = answer.expect_problem(400, "invalid-request");
        assert_eq!(fields, [field], "{body}");
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn what_cannot_be_set_is_named_and_changes_nothing() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let browser = app.browser();
    browser.add(&mug, 2).await.expect(200);
    let before = app.stored().await;
    let path = format!("/api/cart/items/{}", mug.variants[0]);
    for quantity in bad_quantities() {
        let body = json!({ "quantity": quantity });
        let answer = browser.send(Method::PUT, &path, Some(body)).await;
        let fields = answer.expect_problem(400, "invalid-request");
        assert_eq!(fields, ["quantity"], "{quantity}");
        let detail = answer.json()["detail"].to_string();
        assert_eq!(detail.contains("DELETE"), quantity == 0, "{detail}");
    }
    let body = json!({ "quantity": 1, "price": "0.01" });
    let answer = browser.send(Method::PUT, &path, Some(body)).await;
    assert_eq!(answer.expect_problem(400, "invalid-request"), ["price"]);
    for variant in ["nothing", "%00", "0190a000-0000-7000-8000-000000000000"] {
        browser
            .set(variant, 1)
            .await
            .expect_problem(404, "not-found");
        browser
            .remove(variant)
            .await
            .expect_problem(404, "not-found");
    }
    assert_eq!(browser.set("%ff", 1).await.status, 400);
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_body_that_is_too_long_or_no_json_is_refused() {
    let app = TestApp::start().await;
    for (media_type, body, status, slug) in [
        (
            "application/json",
            " ".repeat(70_000),
            413,
            "payload-too-large",
        ),
        ("application/json", "{".to_owned(), 400, "invalid-request"),
        ("text/plain", "{}".to_owned(), 415, "unsupported-media-type"),
    ] {
        let sending = app
            .anonymous
            .send(Method::POST, "/api/cart/items", |request| {
                request.header("content-type", media_type).body(body)
            });
        sending.await.expect_problem(status, slug);
    }
}

#[tokio::test]
async fn a_line_holds_at_most_99_and_a_cart_at_most_100_lines() {
    let app = TestApp::start().await;
    let forms: Vec<String> = (0..100).map(|number| format!("Form{number}")).collect();
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    let tiles = app.catalogue.product_with("Tile", "0.10", &forms).await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    for variant in &tiles.variants {
        let body = json!({ "productId": tiles.id, "variantId": variant, "quantity": 60 });
        person
            .client
            .post("/api/cart/items", &body)
            .await
            .expect(200);
    }
    let before = app.stored().await;
    let fields = person
        .add(&tiles, 40)
        .await
        .expect_problem(409, "cart-full");
    assert_eq!(fields, ["quantity"]);
    let fields = person.add(&mug, 1).await.expect_problem(409, "cart-full");
    assert_eq!(fields, ["productId"]);
    assert_eq!(app.stored().await, before);
    let cart = person.add(&tiles, 39).await.expect(200).json();
    assert_eq!(cart["itemCount"], 6039);
    assert_eq!(cart["subtotal"]["amount"], "603.90");
}

#[tokio::test]
async fn parallel_adds_all_count_and_share_one_cart() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    let body = adding(&mug, 1);
    app.browser().add(&mug, 1).await.expect(200);
    let mut adding = JoinSet::new();
    for _ in 0..16 {
        let (client, body) = (person.client.clone(), body.clone());
        adding.spawn(async move { client.post("/api/cart/items", &body).await });
    }
    while let Some(answer) = adding.join_next().await {
        answer.unwrap().expect(200);
    }
    let cart = person.cart().await;
    assert_eq!(contents(&cart), things(&[("Mug", 16)]));
    assert_eq!(cart["version"], 16);
    assert_eq!(app.counted("created").await, "2");
}

#[tokio::test]
async fn the_bounds_hold_for_parallel_adds_too() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    let body = adding(&mug, 10);
    app.browser().add(&mug, 1).await.expect(200);
    let mut adding = JoinSet::new();
    for _ in 0..12 {
        let (client, body) = (person.client.clone(), body.clone());
        adding.spawn(async move { client.post("/api/cart/items", &body).await });
    }
    let mut refused = 0;
    while let Some(answer) = adding.join_next().await {
        let answer = answer.unwrap();
        if answer.status != 200 {
            answer.expect_problem(409, "cart-full");
            refused += 1;
        }
    }
    assert_eq!(refused, 3);
    assert_eq!(contents(&person.cart().await), things(&[("Mug", 90)]));
}

#[tokio::test]
async fn changes_of_all_kinds_at_once_are_each_counted_or_refused() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let person = app.person("customer");
    person.add(&mug, 1).await.expect(200);
    person.add(&pot, 1).await.expect(200);
    let mut changing = JoinSet::new();
    for number in 0..18 {
        let product = if number % 2 == 0 { &mug } else { &pot };
        let line = format!("/api/cart/items/{}", product.variants[0]);
        let (method, path, body) = match number % 3 {
            0 => (
                Method::POST,
                "/api/cart/items".to_owned(),
                adding(product, 1),
            ),
            1 => (Method::PUT, line, json!({ "quantity": 7 })),
            _ => (Method::DELETE, line, json!({})),
        };
        let client = person.client.clone();
        changing.spawn(async move {
            client
                .send(method, &path, |request| request.json(&body))
                .await
        });
    }
    let mut made = 2;
    while let Some(answer) = changing.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 200 {
            made += 1;
        } else {
            answer.expect_problem(404, "not-found");
        }
    }
    assert_eq!(person.cart().await["version"], made);
}

#[tokio::test]
async fn lines_in_several_currencies_have_no_subtotal() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let fan = app.catalogue.product_in("Fan", "800", "JPY").await;
    let person = app.person("customer");
    person.add(&mug, 1).await.expect(200);
    let cart = person.add(&fan, 2).await.expect(200).json();
    assert_eq!(cart["subtotal"], Value::Null);
    assert_eq!(
        cart["lines"][1]["total"],
        json!({ "amount": "1600", "currency": "JPY" })
    );
}
