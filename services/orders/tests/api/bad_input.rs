//! What makes no sense: a 4xx that names the field, and a database as it was.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Product, TestApp, wish};

/// A wish with one thing changed.
fn with(wish: &Value, pointer: &str, value: Value) -> Value {
    let mut body = wish.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn without(wish: &Value, parent: &str, name: &str) -> Value {
    let mut body = wish.clone();
    body.pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name);
    body
}

/// Each of these wishes has one thing wrong with it: this one.
fn wrong_wishes(product: &Product, other: &Product) -> Vec<(Value, &'static str)> {
    let good = wish(product, 1);
    let mut wishes = wrong_items(&good, product, other);
    let root = |name: &str, value: Value| with(&good, &format!("/{name}"), value);
    let address =
        |name: &str, value: Value| with(&good, &format!("/shippingAddress/{name}"), value);
    let again = json!({ "productId": product.id, "variantId": product.variant, "quantity": 1 });
    let method = "paymentMethod";
    wishes.extend([
        (root("items", json!([])), "items"),
        (
            root("items", json!(vec![good["items"][0].clone(); 51])),
            "items",
        ),
        (
            root("items", json!([good["items"][0], again])),
            "items[1].productId",
        ),
        (root("items", json!({})), "items"),
        (root("role", json!("admin")), "role"),
        (root("total", json!("0.01")), "total"),
        (root("state", json!("PAID")), "state"),
        (root("userId", json!(Uuid::new_v4())), "userId"),
        (root(method, json!("visa")), method),
        (root(method, json!("pm_'; drop table orders; --")), method),
        (without(&good, "", "items"), "items"),
        (without(&good, "", "shippingAddress"), "shippingAddress"),
        (
            without(&good, "/shippingAddress", "city"),
            "shippingAddress.city",
        ),
        (without(&good, "/items/0", "quantity"), "items[0].quantity"),
        (address("street", json!("")), "shippingAddress.street"),
        (
            address("street", json!("x".repeat(201))),
            "shippingAddress.street",
        ),
        (
            address("city", json!("a\r\nBcc: x@example.com")),
            "shippingAddress.city",
        ),
        (address("country", json!("U")), "shippingAddress.country"),
        (address("planet", json!("Earth")), "shippingAddress.planet"),
    ]);
    wishes
}

fn wrong_items(good: &Value, product: &Product, other: &Product) -> Vec<(Value, &'static str)> {
    let nobodys = json!(Uuid::new_v4());
    assert_ne!(product.id, other.id);
    let wrong = [
        ("quantity", json!(0), "items[0].quantity"),
        ("quantity", json!(-1), "items[0].quantity"),
        ("quantity", json!(1_000), "items[0].quantity"),
        ("quantity", json!(1_000_000_000), "items[0].quantity"),
        ("quantity", json!(u64::MAX), "items[0].quantity"),
        ("quantity", json!(1.5), "items[0].quantity"),
        ("quantity", json!("2"), "items[0].quantity"),
        ("quantity", json!(null), "items[0].quantity"),
        ("price", json!("1.234"), "items[0].price"),
        ("price", json!(true), "items[0].price"),
        ("price", json!("1e3"), "items[0].price"),
        ("productId", json!("nonsense"), "items[0].productId"),
        ("productId", nobodys.clone(), "items[0].productId"),
        ("variantId", nobodys, "items[0].variantId"),
        ("variantId", json!(other.variant), "items[0].variantId"),
        ("total", json!("0.01"), "items[0].total"),
        ("unitPrice", json!("0.01"), "items[0].unitPrice"),
    ];
    wrong
        .into_iter()
        .map(|(name, value, field)| (with(good, &format!("/items/0/{name}"), value), field))
        .collect()
}

#[tokio::test]
async fn whatever_is_wrong_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let (product, other) = (app.product(50).await, app.product(50).await);
    let before = app.stored().await;
    for (body, field) in wrong_wishes(&product, &other) {
        let answer = app.customer.post("/api/orders", &body).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            [field],
            "{body}"
        );
    }
    assert_eq!(app.stored().await, before);
    assert_eq!(app.available(&product).await, 50, "nothing is held");
    app.order(&product, 1).await;
}

#[tokio::test]
async fn several_wrong_fields_are_named_at_once() {
    let app = TestApp::start().await;
    let product = app.product(50).await;
    let body = with(
        &with(&wish(&product, 0), "/shippingAddress/city", json!("")),
        "/paymentMethod",
        json!("cash"),
    );
    let answer = app.customer.post("/api/orders", &body).await;
    assert_eq!(
        answer.expect_problem(400, "invalid-request"),
        ["items[0].quantity", "shippingAddress.city", "paymentMethod"]
    );
}

#[tokio::test]
async fn what_is_no_json_of_a_sensible_size_is_refused() {
    let app = TestApp::start().await;
    let send = |content_type: &'static str, body: String| {
        app.customer
            .send(Method::POST, "/api/orders", move |request| {
                request.header("content-type", content_type).body(body)
            })
    };
    send("application/json", "{".to_owned())
        .await
        .expect_problem(400, "invalid-request");
    send("application/json", "[]".to_owned())
        .await
        .expect_problem(400, "invalid-request");
    send("application/json", String::new())
        .await
        .expect_problem(400, "invalid-request");
    send("text/plain", "{}".to_owned())
        .await
        .expect_problem(415, "unsupported-media-type");
    send("application/x-www-form-urlencoded", "items=1".to_owned())
        .await
        .expect_problem(415, "unsupported-media-type");
    let long = format!("{{\"items\":\"{}\"}}", "x".repeat(70_000));
    send("application/json", long)
        .await
        .expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn an_order_beyond_what_the_provider_charges_is_refused() {
    let app = TestApp::start().await;
    let (dear, free) = (
        app.product_at("9999.99", 999).await,
        app.product_at("0", 5).await,
    );
    for body in [wish(&dear, 101), wish(&free, 1)] {
        let answer = app.customer.post("/api/orders", &body).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), ["items"]);
    }
}
